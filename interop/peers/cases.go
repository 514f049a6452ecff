// The cases of a client, for peers in Go.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

const reason = "操作完成"

// Socket is a connection of the library. A nil Fragments means that the API can't send them.
type Socket struct {
	Send        func(text bool, data []byte) error
	Recv        func() (text bool, data []byte, err error)
	Close       func(code int, reason string) error
	Ping        func() error
	Fragments   func(chunks []string) error
	Closed      func(err error) (code int, reason string)
	Subprotocol string
}

var errCannot = errors.New("not in its API")

type dialer func(url string, subprotocols ...string) (*Socket, error)

func echo(text bool, data string) func(dialer, string) error {
	return func(open dialer, url string) error {
		socket, err := open(url)
		if err != nil {
			return err
		}
		if err := socket.Send(text, []byte(data)); err != nil {
			return err
		}
		return expect(socket, text, data)
	}
}

func ask(word, answer string) func(dialer, string) error {
	return func(open dialer, url string) error {
		socket, err := open(url)
		if err != nil {
			return err
		}
		if err := socket.Send(true, []byte(word)); err != nil {
			return err
		}
		return expect(socket, true, answer)
	}
}

func expect(socket *Socket, text bool, data string) error {
	gotText, got, err := socket.Recv()
	if err != nil {
		return err
	}
	if gotText != text || !bytes.Equal(got, []byte(data)) {
		return fmt.Errorf("received %.60q", got)
	}
	return socket.Close(1000, "")
}

func burst(open dialer, url string) error {
	socket, err := open(url)
	if err != nil {
		return err
	}
	for i := 0; i < 1000; i++ {
		if err := socket.Send(true, []byte(fmt.Sprintf("message %d", i))); err != nil {
			return err
		}
	}
	for i := 0; i < 1000; i++ {
		if _, got, err := socket.Recv(); err != nil || string(got) != fmt.Sprintf("message %d", i) {
			return fmt.Errorf("received %q, %v", got, err)
		}
	}
	return socket.Close(1000, "")
}

func ping(open dialer, url string) error {
	socket, err := open(url)
	if err != nil {
		return err
	}
	if err := socket.Ping(); err != nil {
		return err
	}
	return socket.Close(1000, "")
}

func fragments(open dialer, url string) error {
	socket, err := open(url)
	if err != nil {
		return err
	}
	if socket.Fragments == nil {
		return errCannot
	}
	if err := socket.Fragments([]string{"κόσ", "με ", reason}); err != nil {
		return err
	}
	return expect(socket, true, "κόσμε "+reason)
}

func closes(open dialer, url string) error {
	socket, err := open(url)
	if err != nil {
		return err
	}
	return socket.Close(3001, reason)
}

func closed(open dialer, url string) error {
	socket, err := open(url)
	if err != nil {
		return err
	}
	if err := socket.Send(true, []byte("close")); err != nil {
		return err
	}
	_, _, err = socket.Recv()
	if code, got := socket.Closed(err); code != 3002 || got != reason {
		return fmt.Errorf("closed with %v", err)
	}
	return nil
}

func refusal(open dialer, url string) error {
	_, err := open(url + "refuse")
	if err == nil || !strings.Contains(err.Error(), "403") {
		return fmt.Errorf("it says %v", err)
	}
	return nil
}

func subprotocol(open dialer, url string) error {
	socket, err := open(url, "chat.v1", "chat.v2")
	if err != nil {
		return err
	}
	if socket.Subprotocol != "chat.v2" {
		return fmt.Errorf("negotiated %q", socket.Subprotocol)
	}
	return socket.Close(1000, "")
}

func runCases(open dialer, url string) {
	for _, one := range []struct {
		name string
		test func(dialer, string) error
	}{
		{"text", echo(true, "hello")},
		{"unicode", echo(true, "κόσμε 🙂 操作完成")},
		{"empty text", echo(true, "")},
		{"empty binary", echo(false, "")},
		{"binary", echo(false, strings.Repeat("0123456789abcdef\x00\xff", 1<<20/18))},
		{"json", echo(true, strings.Repeat(`{"type":"chat","text":"hello again"}`, 200))},
		{"burst", burst},
		{"client pings", ping},
		{"server pings", ask("ping", "pong")},
		{"client fragments", fragments},
		{"server fragments", ask("fragments", "one two three")},
		{"client closes", closes},
		{"server closes", closed},
		{"refusal", refusal},
		{"subprotocol", subprotocol},
	} {
		outcome := make(chan error, 1)
		go func() { outcome <- one.test(open, url) }()
		select {
		case err := <-outcome:
			if err != nil {
				fmt.Printf("no %s: %v\n", one.name, err)
			} else {
				fmt.Printf("ok %s\n", one.name)
			}
		case <-time.After(20 * time.Second):
			fmt.Printf("no %s: no end within 20 s\n", one.name)
		}
	}
}

func main() {
	if os.Args[1] == "client" {
		runCases(dial, os.Args[2])
	} else {
		serve()
	}
}
