//! The latencies as SVG: each percentile, with an axis on which the last ones have room.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use crate::report::Report;

const SIZE: (u32, u32) = (800, 480);
/// Points of the line for each tenfold of "one in …".
const STEPS: i32 = 40;

/// Writes the file.
pub(crate) fn write(file: &Path, report: &Report) -> Result<(), Box<dyn Error + Send + Sync>> {
    let times = &report.latencies;
    if times.is_empty() {
        return Err(format!("{}: no latency was measured, so no chart", file.display()).into());
    }
    // One message in `x` took longer: 10 is p90, 1000 is p99.9.
    let last = (times.len() as f64).log10().max(1.0);
    let points = (0..=(last * f64::from(STEPS)) as i32).map(|step| {
        let one_in = 10f64.powf(f64::from(step) / f64::from(STEPS));
        (one_in, times.value_at_quantile(1.0 - 1.0 / one_in) as f64 / 1e3)
    });
    let draw = || {
        let area = SVGBackend::new(file, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let max = times.max() as f64 / 1e3 * 1.05;
        let mut chart = ChartBuilder::on(&area)
            .caption(format!("{} messages", times.len()), ("sans-serif", 20))
            .margin(16)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d((1.0..10f64.powf(last)).log_scale(), 0.0..max)?;
        chart
            .configure_mesh()
            .x_desc("percentile")
            // Tenfolds alone: what is between them has no room.
            .x_labels(last as usize)
            .y_desc("latency in ms")
            .x_label_formatter(&percentile)
            .light_line_style(WHITE)
            .draw()?;
        chart.draw_series(LineSeries::new(points, RGBColor(0, 102, 204).stroke_width(2)))?;
        area.present()
    };
    let drawn: Result<(), DrawingAreaErrorKind<_>> = draw();
    drawn.map_err(|error| format!("{}: {error}", file.display()).into())
}

fn percentile(one_in: &f64) -> String {
    format!("p{}", ((100.0 - 100.0 / one_in) * 1e4).round() / 1e4)
}
