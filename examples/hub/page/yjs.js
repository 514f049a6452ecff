// Made by page/bundle of yjs@13.6.33 y-protocols@1.0.7 lib0@0.2.120; do not edit.

/*! yjs@13.6.33
The MIT License (MIT)

Copyright (c) 2023
  - Kevin Jahns <kevin.jahns@protonmail.com>.
  - Chair of Computer Science 5 (Databases & Information Systems), RWTH Aachen University, Germany

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
*/

/*! y-protocols@1.0.7
The MIT License (MIT)

Copyright (c) 2019 Kevin Jahns <kevin.jahns@protonmail.com>.

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
*/

/*! lib0@0.2.120
The MIT License (MIT)

Copyright (c) 2019 Kevin Jahns <kevin.jahns@protonmail.com>.

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
*/
var D=()=>new Map,Ie=e=>{let t=D();return e.forEach((n,r)=>{t.set(r,n)}),t},G=(e,t,n)=>{let r=e.get(t);return r===void 0&&e.set(t,r=n()),r},Jr=(e,t)=>{let n=[];for(let[r,s]of e)n.push(t(s,r));return n},
Hr=(e,t)=>{for(let[n,r]of e)if(t(r,n))return!0;return!1};var J=()=>new Set;var De=e=>e[e.length-1];var Pr=(e,t)=>{for(let n=0;n<t.length;n++)e.push(t[n])},z=Array.from,Te=(e,t)=>{for(let n=0;n<e.length;n++)if(!t(e[n],n,e))return!1;return!0},Kt=(e,t)=>{for(let n=0;n<e.length;n++)if(t(e[n],n,e))return!0;
return!1};var Yr=(e,t)=>{let n=new Array(e);for(let r=0;r<e;r++)n[r]=t(r,n);return n};var Z=Array.isArray;var Zt=class{constructor(){this._observers=D()}on(t,n){return G(this._observers,t,J).add(n),n}once(t,n){let r=(...s)=>{this.off(t,r),n(...s)};this.on(t,r)}off(t,n){let r=this._observers.get(t);r!==void 0&&
(r.delete(n),r.size===0&&this._observers.delete(t))}emit(t,n){return z((this._observers.get(t)||D()).values()).forEach(r=>r(...n))}destroy(){this._observers=D()}},Ve=class{constructor(){this._observers=
D()}on(t,n){G(this._observers,t,J).add(n)}once(t,n){let r=(...s)=>{this.off(t,r),n(...s)};this.on(t,r)}off(t,n){let r=this._observers.get(t);r!==void 0&&(r.delete(n),r.size===0&&this._observers.delete(
t))}emit(t,n){return z((this._observers.get(t)||D()).values()).forEach(r=>r(...n))}destroy(){this._observers=D()}};var v=Math.floor;var ft=Math.abs;var ve=(e,t)=>e<t?e:t,Q=(e,t)=>e>t?e:t,Dl=Number.isNaN;var Oe=e=>e!==0?e<0:1/e<0;var Ut=Number.MAX_SAFE_INTEGER,In=Number.MIN_SAFE_INTEGER,Tl=1<<31;var Xr=Number.isInteger||(e=>typeof e=="number"&&isFinite(e)&&v(e)===e),Vl=Number.isNaN,vl=Number.parseInt;var Tn=String.fromCharCode,Ri=String.fromCodePoint,Ol=Tn(65535),$i=e=>e.toLowerCase(),Fi=/^\s*/g,ji=e=>e.replace(Fi,""),qi=/([A-Z])/g,Vn=(e,t)=>ji(e.replace(qi,n=>`${t}${$i(n)}`));var Gi=e=>{let t=unescape(encodeURIComponent(e)),n=t.length,r=new Uint8Array(n);for(let s=0;s<n;s++)r[s]=t.codePointAt(s);return r},At=typeof TextEncoder<"u"?new TextEncoder:null,zi=e=>At.encode(e),Kr=At?
zi:Gi;var Et=typeof TextDecoder>"u"?null:new TextDecoder("utf-8",{fatal:!0,ignoreBOM:!0});Et&&Et.decode(new Uint8Array).length===1&&(Et=null);var Wr=(e,t)=>Yr(t,()=>e).join("");var pt=class{constructor(){this.cpos=0,this.cbuf=new Uint8Array(100),this.bufs=[]}},ot=()=>new pt;var Ji=e=>{let t=e.cpos;for(let n=0;n<e.bufs.length;n++)t+=e.bufs[n].length;return t};var M=e=>{let t=new Uint8Array(Ji(e)),n=0;for(let r=0;r<e.bufs.length;r++){let s=e.bufs[r];t.set(s,n),n+=s.length}return t.set(new Uint8Array(e.cbuf.buffer,0,e.cpos),n),t},Hi=(e,t)=>{let n=e.cbuf.length;
n-e.cpos<t&&(e.bufs.push(new Uint8Array(e.cbuf.buffer,0,e.cpos)),e.cbuf=new Uint8Array(Q(n,t)*2),e.cpos=0)},T=(e,t)=>{let n=e.cbuf.length;e.cpos===n&&(e.bufs.push(e.cbuf),e.cbuf=new Uint8Array(n*2),e.
cpos=0),e.cbuf[e.cpos++]=t};var Me=T;var g=(e,t)=>{for(;t>127;)T(e,128|127&t),t=v(t/128);T(e,127&t)},Be=(e,t)=>{let n=Oe(t);for(n&&(t=-t),T(e,(t>63?128:0)|(n?64:0)|63&t),t=v(t/64);t>0;)T(e,(t>127?128:0)|127&t),t=v(t/128)},vn=new Uint8Array(
3e4),Pi=vn.length/3,Yi=(e,t)=>{if(t.length<Pi){let n=At.encodeInto(t,vn).written||0;g(e,n);for(let r=0;r<n;r++)T(e,vn[r])}else A(e,Kr(t))},Xi=(e,t)=>{let n=unescape(encodeURIComponent(t)),r=n.length;g(
e,r);for(let s=0;s<r;s++)T(e,n.codePointAt(s))},tt=At&&At.encodeInto?Yi:Xi;var te=(e,t)=>{let n=e.cbuf.length,r=e.cpos,s=ve(n-r,t.length),i=t.length-s;e.cbuf.set(t.subarray(0,s),r),e.cpos+=s,i>0&&(e.bufs.push(e.cbuf),e.cbuf=new Uint8Array(Q(n*2,i)),e.cbuf.set(t.subarray(s)),
e.cpos=i)},A=(e,t)=>{g(e,t.byteLength),te(e,t)},On=(e,t)=>{Hi(e,t);let n=new DataView(e.cbuf.buffer,e.cpos,t);return e.cpos+=t,n},Ki=(e,t)=>On(e,4).setFloat32(0,t,!1),Wi=(e,t)=>On(e,8).setFloat64(0,t,
!1),Zi=(e,t)=>On(e,8).setBigInt64(0,t,!1);var Qr=new DataView(new ArrayBuffer(4)),Qi=e=>(Qr.setFloat32(0,e),Qr.getFloat32(0)===e),It=(e,t)=>{switch(typeof t){case"string":T(e,119),tt(e,t);break;case"number":Xr(t)&&ft(t)<=2147483647?(T(e,125),
Be(e,t)):Qi(t)?(T(e,124),Ki(e,t)):(T(e,123),Wi(e,t));break;case"bigint":T(e,122),Zi(e,t);break;case"object":if(t===null)T(e,126);else if(Z(t)){T(e,117),g(e,t.length);for(let n=0;n<t.length;n++)It(e,t[n])}else if(t instanceof
Uint8Array)T(e,116),A(e,t);else{T(e,118);let n=Object.keys(t);g(e,n.length);for(let r=0;r<n.length;r++){let s=n[r];tt(e,s),It(e,t[s])}}break;case"boolean":T(e,t?120:121);break;default:T(e,127)}},Qt=class extends pt{constructor(t){
super(),this.w=t,this.s=null,this.count=0}write(t){this.s===t?this.count++:(this.count>0&&g(this,this.count-1),this.count=1,this.w(this,t),this.s=t)}};var ts=e=>{e.count>0&&(Be(e.encoder,e.count===1?e.s:-e.s),e.count>1&&g(e.encoder,e.count-2))},gt=class{constructor(){this.encoder=new pt,this.s=0,this.count=0}write(t){this.s===t?this.count++:(ts(this),
this.count=1,this.s=t)}toUint8Array(){return ts(this),M(this.encoder)}};var es=e=>{if(e.count>0){let t=e.diff*2+(e.count===1?0:1);Be(e.encoder,t),e.count>1&&g(e.encoder,e.count-2)}},Dt=class{constructor(){this.encoder=new pt,this.s=0,this.count=0,this.diff=0}write(t){this.
diff===t-this.s?(this.s=t,this.count++):(es(this),this.count=1,this.diff=t-this.s,this.s=t)}toUint8Array(){return es(this),M(this.encoder)}},Le=class{constructor(){this.sarr=[],this.s="",this.lensE=new gt}write(t){
this.s+=t,this.s.length>19&&(this.sarr.push(this.s),this.s=""),this.lensE.write(t.length)}toUint8Array(){let t=new pt;return this.sarr.push(this.s),this.s="",tt(t,this.sarr.join("")),te(t,this.lensE.toUint8Array()),
M(t)}};var F=e=>new Error(e),j=()=>{throw F("Method unimplemented")},L=()=>{throw F("Unexpected case")};var $e=F("Unexpected end of array"),ns=F("Integer out of Range"),to=(e,t,n)=>{if(t<0||n<0||t+n>e.length)throw $e;return new Uint8Array(e.buffer,e.byteOffset+t,n)},eo=(e,t,n)=>{if(t<0||n<0||t+n>e.length)
throw $e;return new DataView(e.buffer,e.byteOffset+t,n)},Tt=class{constructor(t){this.arr=t,this.pos=0}},H=e=>new Tt(e),rs=e=>e.pos!==e.arr.length;var no=(e,t)=>{let n=to(e.arr,e.pos,t);return e.pos+=t,n},V=e=>no(e,m(e));var mt=e=>e.arr[e.pos++];var m=e=>{let t=0,n=1,r=e.arr.length;for(;e.pos<r;){let s=e.arr[e.pos++];if(t=t+(s&127)*n,n*=128,s<128)return t;if(t>Ut)throw ns}throw $e},Fe=e=>{let t=e.arr[e.pos++],n=t&63,r=64,s=(t&64)>0?-1:1;if((t&
128)===0)return s*n;let i=e.arr.length;for(;e.pos<i;){if(t=e.arr[e.pos++],n=n+(t&127)*r,r*=128,t<128)return s*n;if(n>Ut)throw ns}throw $e};var ro=e=>{let t=m(e);if(t===0)return"";{let n=String.fromCodePoint(mt(e));if(--t<100)for(;t--;)n+=String.fromCodePoint(mt(e));else for(;t>0;){let r=t<1e4?t:1e4,s=e.arr.subarray(e.pos,e.pos+r);e.pos+=
r,n+=String.fromCodePoint.apply(null,s),t-=r}return decodeURIComponent(escape(n))}},so=e=>Et.decode(V(e)),et=Et?so:ro;var Mn=(e,t)=>{let n=eo(e.arr,e.pos,t);return e.pos+=t,n},io=e=>Mn(e,4).getFloat32(0,!1),oo=e=>Mn(e,8).getFloat64(0,!1),co=e=>Mn(e,8).getBigInt64(0,!1);var lo=[e=>{},e=>null,Fe,io,oo,co,e=>!1,e=>!0,et,e=>{let t=m(e),n={};for(let r=0;r<t;r++){let s=et(e);n[s]=Vt(e)}return n},e=>{let t=m(e),n=[];for(let r=0;r<t;r++)n.push(Vt(e));return n},V],Vt=e=>lo[127-
mt(e)](e),ee=class extends Tt{constructor(t,n){super(t),this.reader=n,this.s=null,this.count=0}read(){return this.count===0&&(this.s=this.reader(this),rs(this)?this.count=m(this)+1:this.count=-1),this.
count--,this.s}};var wt=class extends Tt{constructor(t){super(t),this.s=0,this.count=0}read(){if(this.count===0){this.s=Fe(this);let t=Oe(this.s);this.count=1,t&&(this.s=-this.s,this.count=m(this)+2)}return this.count--,
this.s}};var vt=class extends Tt{constructor(t){super(t),this.s=0,this.count=0,this.diff=0}read(){if(this.count===0){let t=Fe(this),n=t&1;this.diff=v(t/2),this.count=1,n&&(this.count=m(this)+2)}return this.s+=
this.diff,this.count--,this.s}},Re=class{constructor(t){this.decoder=new wt(t),this.str=et(this.decoder),this.spos=0}read(){let t=this.spos+this.decoder.read(),n=this.str.slice(this.spos,t);return this.
spos=t,n}};var Ml=crypto.subtle,ss=crypto.getRandomValues.bind(crypto);var Rn=()=>ss(new Uint32Array(1))[0];var ao="10000000-1000-4000-8000"+-1e11,is=()=>ao.replace(/[018]/g,e=>(e^Rn()&15>>e/4).toString(16));var nt=Date.now;var Fn=e=>new Promise(e);var $l=Promise.all.bind(Promise);var jn=e=>e===void 0?null:e;var qn=class{constructor(){this.map=new Map}setItem(t,n){this.map.set(t,n)}getItem(t){return this.map.get(t)}},os=new qn,po=!0;try{typeof window<"u"&&typeof localStorage<"u"&&localStorage&&(os=localStorage,
po=!1)}catch{}var cs=os;var yt=Symbol("Equality"),je=(e,t)=>e===t||!!e?.[yt]?.(t)||!1;var ls=e=>typeof e=="object",as=Object.assign,mo=Object.keys;var hs=(e,t)=>{for(let n in e)t(e[n],n)};var ne=e=>mo(e).length;var ds=e=>{for(let t in e)return!1;return!0},Ot=(e,t)=>{for(let n in e)if(!t(e[n],n))return!1;return!0},re=(e,t)=>Object.prototype.hasOwnProperty.call(e,t),zn=(e,t)=>e===t||ne(e)===ne(t)&&Ot(e,(n,r)=>(n!==
void 0||re(t,r))&&je(t[r],n)),wo=Object.freeze,Jn=e=>{for(let t in e){let n=e[t];(typeof n=="object"||typeof n=="function")&&Jn(e[t])}return wo(e)};var se=(e,t,n=0)=>{try{for(;n<e.length;n++)e[n](...t)}finally{n<e.length&&se(e,t,n+1)}};var us=e=>e;var ct=(e,t)=>{if(e===t)return!0;if(e==null||t==null||e.constructor!==t.constructor&&(e.constructor||Object)!==(t.constructor||Object))return!1;if(e[yt]!=null)return e[yt](t);switch(e.constructor){case ArrayBuffer:
e=new Uint8Array(e),t=new Uint8Array(t);case Uint8Array:{if(e.byteLength!==t.byteLength)return!1;for(let n=0;n<e.length;n++)if(e[n]!==t[n])return!1;break}case Set:{if(e.size!==t.size)return!1;for(let n of e)
if(!t.has(n))return!1;break}case Map:{if(e.size!==t.size)return!1;for(let n of e.keys())if(!t.has(n)||!ct(e.get(n),t.get(n)))return!1;break}case void 0:case Object:if(ne(e)!==ne(t))return!1;for(let n in e)
if(!re(e,n)||!ct(e[n],t[n]))return!1;break;case Array:if(e.length!==t.length)return!1;for(let n=0;n<e.length;n++)if(!ct(e[n],t[n]))return!1;break;default:return!1}return!0},fs=(e,t)=>t.includes(e);var ie=typeof process<"u"&&process.release&&/node|io\.js/.test(process.release.name)&&Object.prototype.toString.call(typeof process<"u"?process:0)==="[object process]";var Fl=typeof navigator<"u"?/Mac/.test(navigator.platform):!1,P,yo=[],xo=()=>{if(P===void 0)if(ie){P=D();let e=process.argv,t=null;for(let n=0;n<e.length;n++){let r=e[n];r[0]==="-"?(t!==null&&P.set(t,
""),t=r):t!==null?(P.set(t,r),t=null):yo.push(r)}t!==null&&P.set(t,"")}else typeof location=="object"?(P=D(),(location.search||"?").slice(1).split("&").forEach(e=>{if(e.length!==0){let[t,n]=e.split("=");
P.set(`--${Vn(t,"-")}`,n),P.set(`-${Vn(t,"-")}`,n)}})):P=D();return P},Pn=e=>xo().has(e);var oe=e=>ie?jn(process.env[e.toUpperCase().replaceAll("-","_")]):jn(cs.getItem(e));var ps=e=>Pn("--"+e)||oe(e)!==null,gs=ps("production"),bo=ie&&fs(process.env.FORCE_COLOR,["true","1","2"]),ms=bo||!Pn("--no-colors")&&!ps("no-color")&&(!ie||process.stdout.isTTY)&&(!ie||Pn("--color")||
oe("COLORTERM")!==null||(oe("TERM")||"").includes("color"));var ko=e=>new Uint8Array(e);var ws=e=>{let t=ko(e.byteLength);return t.set(e),t};var Xn=class{constructor(t,n){this.left=t,this.right=n}},Y=(e,t)=>new Xn(e,t);var Kn=e=>e.next()>=.5,Ge=(e,t,n)=>v(e.next()*(n+1-t)+t);var Wn=(e,t,n)=>v(e.next()*(n+1-t)+t);var Zn=(e,t,n)=>Wn(e,t,n);var Uo=e=>Tn(Zn(e,97,122)),ys=(e,t=0,n=20)=>{let r=Zn(e,t,n),s="";for(let i=0;i<r;i++)s+=Uo(e);return s};var ze=(e,t)=>t[Zn(e,0,t.length-1)];var Ao=Symbol("0schema"),Qn=class{constructor(){this._rerrs=[]}extend(t,n,r,s=null){this._rerrs.push({path:t,expected:n,has:r,message:s})}toString(){let t=[];for(let n=this._rerrs.length-1;n>0;n--){let r=this.
_rerrs[n];t.push(Wr(" ",(this._rerrs.length-n)*2)+`${r.path!=null?`[${r.path}] `:""}${r.has} doesn't match ${r.expected}. ${r.message}`)}return t.join(`
`)}},tr=(e,t)=>e===t?!0:e==null||t==null||e.constructor!==t.constructor?!1:e[yt]?je(e,t):Z(e)?Te(e,n=>Kt(t,r=>tr(n,r))):ls(e)?Ot(e,(n,r)=>tr(n,t[r])):!1,O=class{static _dilutes=!1;extends(t){let[n,r]=[
this.shape,t.shape];return this.constructor._dilutes&&([r,n]=[n,r]),tr(n,r)}equals(t){return this.constructor===t.constructor&&ct(this.shape,t.shape)}[Ao](){return!0}[yt](t){return this.equals(t)}validate(t){
return this.check(t)}check(t,n){j()}get nullable(){return Rt(this,nn)}get optional(){return new Je(this)}cast(t){return xs(t,this),t}expect(t){return xs(t,this),t}},ce=class extends O{constructor(t,n){
super(),this.shape=t,this._c=n}check(t,n=void 0){let r=t?.constructor===this.shape&&(this._c==null||this._c(t));return!r&&n?.extend(null,this.shape.name,t?.constructor.name,t?.constructor!==this.shape?
"Constructor match failed":"Check failed"),r}},U=(e,t=null)=>new ce(e,t),ql=U(ce),le=class extends O{constructor(t){super(),this.shape=t}check(t,n){let r=this.shape(t);return!r&&n?.extend(null,"custom\
 prop",t?.constructor.name,"failed to check custom prop"),r}},C=e=>new le(e),Gl=U(le),Mt=class extends O{constructor(t){super(),this.shape=t}check(t,n){let r=this.shape.some(s=>s===t);return!r&&n?.extend(
null,this.shape.join(" | "),t.toString()),r}},tn=(...e)=>new Mt(e),bs=U(Mt),Co=RegExp.escape||(e=>e.replace(/[().|&,$^[\]]/g,t=>"\\"+t)),ks=e=>{if(Bt.check(e))return[Co(e)];if(bs.check(e))return e.shape.
map(t=>t+"");if(As.check(e))return["[+-]?\\d+.?\\d*"];if(Cs.check(e))return[".*"];if(Ze.check(e))return e.shape.map(ks).flat(1);L()},er=class extends O{constructor(t){super(),this.shape=t,this._r=new RegExp(
"^"+t.map(ks).map(n=>`(${n.join("|")})`).join("")+"$")}check(t,n){let r=this._r.exec(t)!=null;return!r&&n?.extend(null,this._r.toString(),t.toString(),"String doesn't match string template."),r}};var zl=U(er),Io=Symbol("optional"),Je=class extends O{constructor(t){super(),this.shape=t}check(t,n){let r=t===void 0||this.shape.check(t);return!r&&n?.extend(null,"undefined (optional)","()"),r}get[Io](){
return!0}},Do=U(Je),He=class extends O{check(t,n){return n?.extend(null,"never",typeof t),!1}},Jl=new He,Hl=U(He),Pe=class e extends O{constructor(t,n=!1){super(),this.shape=t,this._isPartial=n}static _dilutes=!0;get partial(){
return new e(this.shape,!0)}check(t,n){return t==null?(n?.extend(null,"object","null"),!1):Ot(this.shape,(r,s)=>{let i=this._isPartial&&!re(t,s)||r.check(t[s],n);return!i&&n?.extend(s.toString(),r.toString(),
typeof t[s],"Object property does not match"),i})}},To=e=>new Pe(e),Vo=U(Pe),vo=C(e=>e!=null&&(e.constructor===Object||e.constructor==null)),Ye=class extends O{constructor(t,n){super(),this.shape={keys:t,
values:n}}check(t,n){return t!=null&&Ot(t,(r,s)=>{let i=this.shape.keys.check(s,n);return!i&&n?.extend(s+"","Record",typeof t,i?"Key doesn't match schema":"Value doesn't match value"),i&&this.shape.values.
check(r,n)})}},Ss=(e,t)=>new Ye(e,t),Oo=U(Ye),Xe=class extends O{constructor(t){super(),this.shape=t}check(t,n){return t!=null&&Ot(this.shape,(r,s)=>{let i=r.check(t[s],n);return!i&&n?.extend(s.toString(),
"Tuple",typeof r),i})}},No=(...e)=>new Xe(e),Pl=U(Xe),Ke=class extends O{constructor(t){super(),this.shape=t.length===1?t[0]:new ae(t)}check(t,n){let r=Z(t)&&Te(t,s=>this.shape.check(s));return!r&&n?.
extend(null,"Array",""),r}},_s=(...e)=>new Ke(e),Lo=U(Ke),Mo=C(e=>Z(e)),We=class extends O{constructor(t,n){super(),this.shape=t,this._c=n}check(t,n){let r=t instanceof this.shape&&(this._c==null||this.
_c(t));return!r&&n?.extend(null,this.shape.name,t?.constructor.name),r}},Bo=(e,t=null)=>new We(e,t),Yl=U(We),Ro=Bo(O),nr=class extends O{constructor(t){super(),this.len=t.length-1,this.args=No(...t.slice(
-1)),this.res=t[this.len]}check(t,n){let r=t.constructor===Function&&t.length<=this.len;return!r&&n?.extend(null,"function",typeof t),r}};var $o=U(nr),Fo=C(e=>typeof e=="function"),rr=class extends O{constructor(t){super(),this.shape=t}check(t,n){let r=Te(this.shape,s=>s.check(t,n));return!r&&n?.extend(null,"Intersectinon",typeof t),r}};var Xl=U(rr,e=>e.shape.length>0),ae=class extends O{static _dilutes=!0;constructor(t){super(),this.shape=t}check(t,n){let r=Kt(this.shape,s=>s.check(t,n));return n?.extend(null,"Union",typeof t),r}},Rt=(...e)=>e.
findIndex(t=>Ze.check(t))>=0?Rt(...e.map(t=>he(t)).map(t=>Ze.check(t)?t.shape:[t]).flat(1)):e.length===1?e[0]:new ae(e),Ze=U(ae),Us=()=>!0,Qe=C(Us),jo=U(le,e=>e.shape===Us),ir=C(e=>typeof e=="bigint"),
qo=C(e=>e===ir),Es=C(e=>typeof e=="symbol"),Kl=C(e=>e===Es),Lt=C(e=>typeof e=="number"),As=C(e=>e===Lt),Bt=C(e=>typeof e=="string"),Cs=C(e=>e===Bt),en=C(e=>typeof e=="boolean"),Go=C(e=>e===en),Is=tn(void 0),
Wl=U(Mt,e=>e.shape.length===1&&e.shape[0]===void 0),Zl=tn(void 0);var nn=tn(null),zo=U(Mt,e=>e.shape.length===1&&e.shape[0]===null),Ql=U(Uint8Array),ta=U(ce,e=>e.shape===Uint8Array),Jo=Rt(Lt,Bt,nn,Is,ir,en,Es),ea=(()=>{let e=_s(Qe),t=Ss(Bt,Qe),n=Rt(Lt,Bt,nn,en,e,t);
return e.shape=n,t.shape.values=n,n})(),he=e=>{if(Ro.check(e))return e;if(vo.check(e)){let t={};for(let n in e)t[n]=he(e[n]);return To(t)}else{if(Mo.check(e))return Rt(...e.map(he));if(Jo.check(e))return tn(
e);if(Fo.check(e))return U(e)}L()},xs=gs?()=>{}:(e,t)=>{let n=new Qn;if(!t.check(e,n))throw F(`Expected value to be of type ${t.constructor.name}.
${n.toString()}`)},sr=class{constructor(t){this.patterns=[],this.$state=t}if(t,n){return this.patterns.push({if:he(t),h:n}),this}else(t){return this.if(Qe,t)}done(){return(t,n)=>{for(let r=0;r<this.patterns.
length;r++){let s=this.patterns[r];if(s.if.check(t))return s.h(t,n)}throw F("Unhandled pattern")}}},Ho=e=>new sr(e),Ds=Ho(Qe).if(As,(e,t)=>Ge(t,In,Ut)).if(Cs,(e,t)=>ys(t)).if(Go,(e,t)=>Kn(t)).if(qo,(e,t)=>BigInt(
Ge(t,In,Ut))).if(Ze,(e,t)=>Nt(t,ze(t,e.shape))).if(Vo,(e,t)=>{let n={};for(let r in e.shape){let s=e.shape[r];if(Do.check(s)){if(Kn(t))continue;s=s.shape}n[r]=Ds(s,t)}return n}).if(Lo,(e,t)=>{let n=[],
r=Wn(t,0,42);for(let s=0;s<r;s++)n.push(Nt(t,e.shape));return n}).if(bs,(e,t)=>ze(t,e.shape)).if(zo,(e,t)=>null).if($o,(e,t)=>{let n=Nt(t,e.res);return()=>n}).if(jo,(e,t)=>Nt(t,ze(t,[Lt,Bt,nn,Is,ir,en,
_s(Lt),Ss(Rt("a","b","c"),Lt)]))).if(Oo,(e,t)=>{let n={},r=Ge(t,0,3);for(let s=0;s<r;s++){let i=Nt(t,e.shape.keys),o=Nt(t,e.shape.values);n[i]=o}return n}).done(),Nt=(e,t)=>Ds(he(t),e);var xt=typeof document<"u"?document:{};var na=C(e=>e.nodeType===Wo);var ra=typeof DOMParser<"u"?new DOMParser:null;var sa=C(e=>e.nodeType===Yo);var ia=C(e=>e.nodeType===Xo);var Ts=e=>Jr(e,(t,n)=>`${n}:${t};`).join("");var Yo=xt.ELEMENT_NODE,Xo=xt.TEXT_NODE,oa=xt.CDATA_SECTION_NODE,ca=xt.COMMENT_NODE,Ko=xt.DOCUMENT_NODE,la=xt.DOCUMENT_TYPE_NODE,Wo=xt.DOCUMENT_FRAGMENT_NODE,aa=C(e=>e.nodeType===Ko);var X=Symbol;var de=X(),ue=X(),or=X(),cr=X(),lr=X(),fe=X(),ar=X(),$t=X(),hr=X(),Vs=e=>{e.length===1&&e[0]?.constructor===Function&&(e=e[0]());let t=[],n=[],r=0;for(;r<e.length;r++){let s=e[r];if(s===void 0)break;if(s.
constructor===String||s.constructor===Number)t.push(s);else if(s.constructor===Object)break}for(r>0&&n.push(t.join(""));r<e.length;r++){let s=e[r];s instanceof Symbol||n.push(s)}return n};var ha=nt();var ec={[de]:Y("font-weight","bold"),[ue]:Y("font-weight","normal"),[or]:Y("color","blue"),[lr]:Y("color","green"),[cr]:Y("color","grey"),[fe]:Y("color","red"),[ar]:Y("color","purple"),[$t]:Y("color",
"orange"),[hr]:Y("color","black")},nc=e=>{e.length===1&&e[0]?.constructor===Function&&(e=e[0]());let t=[],n=[],r=D(),s=[],i=0;for(;i<e.length;i++){let o=e[i],c=ec[o];if(c!==void 0)r.set(c.left,c.right);else{
if(o===void 0)break;if(o.constructor===String||o.constructor===Number){let l=Ts(r);i>0||l.length>0?(t.push("%c"+o),n.push(l)):t.push(o)}else break}}for(i>0&&(s=n,s.unshift(t.join("")));i<e.length;i++){
let o=e[i];o instanceof Symbol||s.push(o)}return s},vs=ms?nc:Vs,Os=(...e)=>{console.log(...vs(e)),Ns.forEach(t=>t.print(e))},dr=(...e)=>{console.warn(...vs(e)),e.unshift($t),Ns.forEach(t=>t.print(e))};var Ns=J();var Ls=e=>({[Symbol.iterator](){return this},next:e}),Ms=(e,t)=>Ls(()=>{let n;do n=e.next();while(!n.done&&!t(n.value));return n}),rn=(e,t)=>Ls(()=>{let{done:n,value:r}=e.next();return{done:n,value:n?
void 0:t(r)}});var qt=class{constructor(t,n){this.clock=t,this.len=n}},dt=class{constructor(){this.clients=new Map}},Gt=(e,t,n)=>t.clients.forEach((r,s)=>{let i=e.doc.store.clients.get(s);if(i!=null){let o=i[i.length-
1],c=o.id.clock+o.length;for(let l=0,h=r[l];l<r.length&&h.clock<c;h=r[++l])hi(e,i,h.clock,h.len,n)}}),cc=(e,t)=>{let n=0,r=e.length-1;for(;n<=r;){let s=v((n+r)/2),i=e[s],o=i.clock;if(o<=t){if(t<o+i.len)
return s;n=s+1}else r=s-1}return null},Ce=(e,t)=>{let n=e.clients.get(t.client);return n!==void 0&&cc(n,t.clock)!==null},Or=e=>{e.clients.forEach(t=>{t.sort((s,i)=>s.clock-i.clock);let n,r;for(n=1,r=1;n<
t.length;n++){let s=t[r-1],i=t[n];s.clock+s.len>=i.clock?t[r-1]=new qt(s.clock,Q(s.len,i.clock+i.len-s.clock)):(r<n&&(t[r]=i),r++)}t.length=r})},fr=e=>{let t=new dt;for(let n=0;n<e.length;n++)e[n].clients.
forEach((r,s)=>{if(!t.clients.has(s)){let i=r.slice();for(let o=n+1;o<e.length;o++)Pr(i,e[o].clients.get(s)||[]);t.clients.set(s,i)}});return Or(t),t},ge=(e,t,n,r)=>{G(e.clients,t,()=>[]).push(new qt(
n,r))},Qs=()=>new dt,lc=e=>{let t=Qs();return e.clients.forEach((n,r)=>{let s=[];for(let i=0;i<n.length;i++){let o=n[i];if(o.deleted){let c=o.id.clock,l=o.length;if(i+1<n.length)for(let h=n[i+1];i+1<n.
length&&h.deleted;h=n[++i+1])l+=h.length;s.push(new qt(c,l))}}s.length>0&&t.clients.set(r,s)}),t},Pt=(e,t)=>{g(e.restEncoder,t.clients.size),z(t.clients.entries()).sort((n,r)=>r[0]-n[0]).forEach(([n,r])=>{
e.resetDsCurVal(),g(e.restEncoder,n);let s=r.length;g(e.restEncoder,s);for(let i=0;i<s;i++){let o=r[i];e.writeDsClock(o.clock),e.writeDsLen(o.len)}})},Nr=e=>{let t=new dt,n=m(e.restDecoder);for(let r=0;r<
n;r++){e.resetDsCurVal();let s=m(e.restDecoder),i=m(e.restDecoder);if(i>0){let o=G(t.clients,s,()=>[]);for(let c=0;c<i;c++)o.push(new qt(e.readDsClock(),e.readDsLen()))}}return t},$s=(e,t,n)=>{let r=new dt,
s=m(e.restDecoder);for(let i=0;i<s;i++){e.resetDsCurVal();let o=m(e.restDecoder),c=m(e.restDecoder),l=n.clients.get(o)||[],h=_(n,o);for(let a=0;a<c;a++){let d=e.readDsClock(),u=d+e.readDsLen();if(d<h){
h<u&&ge(r,o,h,u-h);let f=K(l,d),p=l[f];for(!p.deleted&&p.id.clock<d&&(l.splice(f+1,0,_n(t,p,d-p.id.clock)),f++);f<l.length&&(p=l[f++],p.id.clock<u);)p.deleted||(u<p.id.clock+p.length&&l.splice(f,0,_n(
t,p,u-p.id.clock)),p.delete(t))}else ge(r,o,d,u-d)}}if(r.clients.size>0){let i=new rt;return g(i.restEncoder,0),Pt(i,r),i.toUint8Array()}return null};var ti=Rn,bt=class e extends Zt{constructor({guid:t=is(),collectionid:n=null,gc:r=!0,gcFilter:s=()=>!0,meta:i=null,autoLoad:o=!1,shouldLoad:c=!0}={}){super(),this.gc=r,this.gcFilter=s,this.clientID=ti(),
this.guid=t,this.collectionid=n,this.share=new Map,this.store=new wn,this._transaction=null,this._transactionCleanups=[],this.subdocs=new Set,this._item=null,this.shouldLoad=c,this.autoLoad=o,this.meta=
i,this.isLoaded=!1,this.isSynced=!1,this.isDestroyed=!1,this.whenLoaded=Fn(h=>{this.on("load",()=>{this.isLoaded=!0,h(this)})});let l=()=>Fn(h=>{let a=d=>{(d===void 0||d===!0)&&(this.off("sync",a),h())};
this.on("sync",a)});this.on("sync",h=>{h===!1&&this.isSynced&&(this.whenSynced=l()),this.isSynced=h===void 0||h===!0,this.isSynced&&!this.isLoaded&&this.emit("load",[this])}),this.whenSynced=l()}load(){
let t=this._item;t!==null&&!this.shouldLoad&&b(t.parent.doc,n=>{n.subdocsLoaded.add(this)},null,!0),this.shouldLoad=!0}getSubdocs(){return this.subdocs}getSubdocGuids(){return new Set(z(this.subdocs).
map(t=>t.guid))}transact(t,n=null){return b(this,t,n)}get(t,n=E){let r=G(this.share,t,()=>{let i=new n;return i._integrate(this,null),i}),s=r.constructor;if(n!==E&&s!==n)if(s===E){let i=new n;i._map=r.
_map,r._map.forEach(o=>{for(;o!==null;o=o.left)o.parent=i}),i._start=r._start;for(let o=i._start;o!==null;o=o.right)o.parent=i;return i._length=r._length,this.share.set(t,i),i._integrate(this,null),i}else
throw new Error(`Type with the name ${t} has already been defined with a different constructor`);return r}getArray(t=""){return this.get(t,kn)}getText(t=""){return this.get(t,Se)}getMap(t=""){return this.
get(t,be)}getXmlElement(t=""){return this.get(t,_e)}getXmlFragment(t=""){return this.get(t,Jt)}toJSON(){let t={};return this.share.forEach((n,r)=>{t[r]=n.toJSON()}),t}destroy(){this.isDestroyed=!0,z(this.
subdocs).forEach(n=>n.destroy());let t=this._item;if(t!==null){this._item=null;let n=t.content;n.doc=new e({guid:this.guid,...n.opts,shouldLoad:!1}),n.doc._item=t,b(t.parent.doc,r=>{let s=n.doc;t.deleted||
r.subdocsAdded.add(s),r.subdocsRemoved.add(this)},null,!0)}this.emit("destroyed",[!0]),this.emit("destroy",[this]),super.destroy()}},dn=class{constructor(t){this.restDecoder=t}resetDsCurVal(){}readDsClock(){
return m(this.restDecoder)}readDsLen(){return m(this.restDecoder)}},un=class extends dn{readLeftID(){return y(m(this.restDecoder),m(this.restDecoder))}readRightID(){return y(m(this.restDecoder),m(this.
restDecoder))}readClient(){return m(this.restDecoder)}readInfo(){return mt(this.restDecoder)}readString(){return et(this.restDecoder)}readParentInfo(){return m(this.restDecoder)===1}readTypeRef(){return m(
this.restDecoder)}readLen(){return m(this.restDecoder)}readAny(){return Vt(this.restDecoder)}readBuf(){return ws(V(this.restDecoder))}readJSON(){return JSON.parse(et(this.restDecoder))}readKey(){return et(
this.restDecoder)}},pr=class{constructor(t){this.dsCurrVal=0,this.restDecoder=t}resetDsCurVal(){this.dsCurrVal=0}readDsClock(){return this.dsCurrVal+=m(this.restDecoder),this.dsCurrVal}readDsLen(){let t=m(
this.restDecoder)+1;return this.dsCurrVal+=t,t}},ut=class extends pr{constructor(t){super(t),this.keys=[],m(t),this.keyClockDecoder=new vt(V(t)),this.clientDecoder=new wt(V(t)),this.leftClockDecoder=new vt(
V(t)),this.rightClockDecoder=new vt(V(t)),this.infoDecoder=new ee(V(t),mt),this.stringDecoder=new Re(V(t)),this.parentInfoDecoder=new ee(V(t),mt),this.typeRefDecoder=new wt(V(t)),this.lenDecoder=new wt(
V(t))}readLeftID(){return new ht(this.clientDecoder.read(),this.leftClockDecoder.read())}readRightID(){return new ht(this.clientDecoder.read(),this.rightClockDecoder.read())}readClient(){return this.clientDecoder.
read()}readInfo(){return this.infoDecoder.read()}readString(){return this.stringDecoder.read()}readParentInfo(){return this.parentInfoDecoder.read()===1}readTypeRef(){return this.typeRefDecoder.read()}readLen(){
return this.lenDecoder.read()}readAny(){return Vt(this.restDecoder)}readBuf(){return V(this.restDecoder)}readJSON(){return Vt(this.restDecoder)}readKey(){let t=this.keyClockDecoder.read();if(t<this.keys.
length)return this.keys[t];{let n=this.stringDecoder.read();return this.keys.push(n),n}}},fn=class{constructor(){this.restEncoder=ot()}toUint8Array(){return M(this.restEncoder)}resetDsCurVal(){}writeDsClock(t){
g(this.restEncoder,t)}writeDsLen(t){g(this.restEncoder,t)}},kt=class extends fn{writeLeftID(t){g(this.restEncoder,t.client),g(this.restEncoder,t.clock)}writeRightID(t){g(this.restEncoder,t.client),g(this.
restEncoder,t.clock)}writeClient(t){g(this.restEncoder,t)}writeInfo(t){Me(this.restEncoder,t)}writeString(t){tt(this.restEncoder,t)}writeParentInfo(t){g(this.restEncoder,t?1:0)}writeTypeRef(t){g(this.
restEncoder,t)}writeLen(t){g(this.restEncoder,t)}writeAny(t){It(this.restEncoder,t)}writeBuf(t){A(this.restEncoder,t)}writeJSON(t){tt(this.restEncoder,JSON.stringify(t))}writeKey(t){tt(this.restEncoder,
t)}},pn=class{constructor(){this.restEncoder=ot(),this.dsCurrVal=0}toUint8Array(){return M(this.restEncoder)}resetDsCurVal(){this.dsCurrVal=0}writeDsClock(t){let n=t-this.dsCurrVal;this.dsCurrVal=t,g(
this.restEncoder,n)}writeDsLen(t){t===0&&L(),g(this.restEncoder,t-1),this.dsCurrVal+=t}},rt=class extends pn{constructor(){super(),this.keyMap=new Map,this.keyClock=0,this.keyClockEncoder=new Dt,this.
clientEncoder=new gt,this.leftClockEncoder=new Dt,this.rightClockEncoder=new Dt,this.infoEncoder=new Qt(Me),this.stringEncoder=new Le,this.parentInfoEncoder=new Qt(Me),this.typeRefEncoder=new gt,this.
lenEncoder=new gt}toUint8Array(){let t=ot();return g(t,0),A(t,this.keyClockEncoder.toUint8Array()),A(t,this.clientEncoder.toUint8Array()),A(t,this.leftClockEncoder.toUint8Array()),A(t,this.rightClockEncoder.
toUint8Array()),A(t,M(this.infoEncoder)),A(t,this.stringEncoder.toUint8Array()),A(t,M(this.parentInfoEncoder)),A(t,this.typeRefEncoder.toUint8Array()),A(t,this.lenEncoder.toUint8Array()),te(t,M(this.restEncoder)),
M(t)}writeLeftID(t){this.clientEncoder.write(t.client),this.leftClockEncoder.write(t.clock)}writeRightID(t){this.clientEncoder.write(t.client),this.rightClockEncoder.write(t.clock)}writeClient(t){this.
clientEncoder.write(t)}writeInfo(t){this.infoEncoder.write(t)}writeString(t){this.stringEncoder.write(t)}writeParentInfo(t){this.parentInfoEncoder.write(t?1:0)}writeTypeRef(t){this.typeRefEncoder.write(
t)}writeLen(t){this.lenEncoder.write(t)}writeAny(t){It(this.restEncoder,t)}writeBuf(t){A(this.restEncoder,t)}writeJSON(t){It(this.restEncoder,t)}writeKey(t){let n=this.keyMap.get(t);n===void 0?(this.keyClockEncoder.
write(this.keyClock++),this.stringEncoder.write(t)):this.keyClockEncoder.write(n)}},ac=(e,t,n,r)=>{r=Q(r,t[0].id.clock);let s=K(t,r);g(e.restEncoder,t.length-s),e.writeClient(n),g(e.restEncoder,r);let i=t[s];
i.write(e,r-i.id.clock);for(let o=s+1;o<t.length;o++)t[o].write(e,0)},Lr=(e,t,n)=>{let r=new Map;n.forEach((s,i)=>{_(t,i)>s&&r.set(i,s)}),Un(t).forEach((s,i)=>{n.has(i)||r.set(i,0)}),g(e.restEncoder,r.
size),z(r.entries()).sort((s,i)=>i[0]-s[0]).forEach(([s,i])=>{ac(e,t.clients.get(s),s,i)})},hc=(e,t)=>{let n=D(),r=m(e.restDecoder);for(let s=0;s<r;s++){let i=m(e.restDecoder),o=new Array(i),c=e.readClient(),
l=m(e.restDecoder);n.set(c,{i:0,refs:o});for(let h=0;h<i;h++){let a=e.readInfo();switch(31&a){case 0:{let d=e.readLen();o[h]=new R(y(c,l),d),l+=d;break}case 10:{let d=m(e.restDecoder);o[h]=new $(y(c,l),
d),l+=d;break}default:{let d=(a&192)===0,u=new k(y(c,l),null,(a&128)===128?e.readLeftID():null,null,(a&64)===64?e.readRightID():null,d?e.readParentInfo()?t.get(e.readString()):e.readLeftID():null,d&&(a&
32)===32?e.readString():null,Vi(e,a));o[h]=u,l+=u.length}}}}return n},dc=(e,t,n)=>{let r=[],s=z(n.keys()).sort((f,p)=>f-p);if(s.length===0)return null;let i=()=>{if(s.length===0)return null;let f=n.get(
s[s.length-1]);for(;f.refs.length===f.i;)if(s.pop(),s.length>0)f=n.get(s[s.length-1]);else return null;return f},o=i();if(o===null)return null;let c=new wn,l=new Map,h=(f,p)=>{let w=l.get(f);(w==null||
w>p)&&l.set(f,p)},a=o.refs[o.i++],d=new Map,u=()=>{for(let f of r){let p=f.id.client,w=n.get(p);w?(w.i--,c.clients.set(p,w.refs.slice(w.i)),n.delete(p),w.i=0,w.refs=[]):c.clients.set(p,[f]),s=s.filter(
x=>x!==p)}r.length=0};for(;;){if(a.constructor!==$){let p=G(d,a.id.client,()=>_(t,a.id.client))-a.id.clock;if(p<0)r.push(a),h(a.id.client,a.id.clock-1),u();else{let w=a.getMissing(e,t);if(w!==null){r.
push(a);let x=n.get(w)||{refs:[],i:0};if(x.refs.length===x.i)h(w,_(t,w)),u();else{a=x.refs[x.i++];continue}}else(p===0||p<a.length)&&(a.integrate(e,p),d.set(a.id.client,a.id.clock+a.length))}}if(r.length>
0)a=r.pop();else if(o!==null&&o.i<o.refs.length)a=o.refs[o.i++];else{if(o=i(),o===null)break;a=o.refs[o.i++]}}if(c.clients.size>0){let f=new rt;return Lr(f,c,new Map),g(f.restEncoder,0),{missing:l,update:f.
toUint8Array()}}return null},uc=(e,t)=>Lr(e,t.doc.store,t.beforeState),fc=(e,t,n,r=new ut(e))=>b(t,s=>{s.local=!1;let i=!1,o=s.doc,c=o.store,l=hc(r,o),h=dc(s,c,l),a=c.pendingStructs;if(a){for(let[u,f]of a.
missing)if(f<_(c,u)){i=!0;break}if(h){for(let[u,f]of h.missing){let p=a.missing.get(u);(p==null||p>f)&&a.missing.set(u,f)}a.update=yn([a.update,h.update])}}else c.pendingStructs=h;let d=$s(r,s,c);if(c.
pendingDs){let u=new ut(H(c.pendingDs));m(u.restDecoder);let f=$s(u,s,c);d&&f?c.pendingDs=yn([d,f]):c.pendingDs=d||f}else c.pendingDs=d;if(i){let u=c.pendingStructs.update;c.pendingStructs=null,ei(s.doc,
u)}},n,!1);var ei=(e,t,n,r=ut)=>{let s=H(t);fc(s,e,n,new r(s))},ni=(e,t,n)=>ei(e,t,n,un),pc=(e,t,n=new Map)=>{Lr(e,t.store,n),Pt(e,lc(t.store))},gc=(e,t=new Uint8Array([0]),n=new rt)=>{let r=si(t);pc(n,e,r);let s=[
n.toUint8Array()];if(e.store.pendingDs&&s.push(e.store.pendingDs),e.store.pendingStructs&&s.push(vc(e.store.pendingStructs.update,t)),s.length>1){if(n.constructor===kt)return ui(s.map((i,o)=>o===0?i:Nc(
i)));if(n.constructor===rt)return yn(s)}return s[0]},ri=(e,t)=>gc(e,t,new kt),mc=e=>{let t=new Map,n=m(e.restDecoder);for(let r=0;r<n;r++){let s=m(e.restDecoder),i=m(e.restDecoder);t.set(s,i)}return t},
si=e=>mc(new dn(H(e))),ii=(e,t)=>(g(e.restEncoder,t.size),z(t.entries()).sort((n,r)=>r[0]-n[0]).forEach(([n,r])=>{g(e.restEncoder,n),g(e.restEncoder,r)}),e),wc=(e,t)=>ii(e,Un(t.store)),yc=(e,t=new pn)=>(e instanceof
Map?ii(t,e):wc(t,e),t.toUint8Array()),oi=e=>yc(e,new fn),gr=class{constructor(){this.l=[]}},Fs=()=>new gr,js=(e,t)=>e.l.push(t),qs=(e,t)=>{let n=e.l,r=n.length;e.l=n.filter(s=>t!==s),r===e.l.length&&console.
error("[yjs] Tried to remove event handler that doesn't exist.")},ci=(e,t,n)=>se(e.l,[t,n]),ht=class{constructor(t,n){this.client=t,this.clock=n}},sn=(e,t)=>e===t||e!==null&&t!==null&&e.client===t.client&&
e.clock===t.clock,y=(e,t)=>new ht(e,t);var li=e=>{for(let[t,n]of e.doc.share.entries())if(n===e)return t;throw L()},gn=(e,t)=>{for(;t!==null;){if(t.parent===e)return!0;t=t.parent._item}return!1};var mn=class{constructor(t,n,r,s=0){this.type=t,this.tname=n,this.item=r,this.assoc=s}},xc=e=>{let t={};return e.type&&(t.type=e.type),e.tname&&(t.tname=e.tname),e.item&&(t.item=e.item),e.assoc!=null&&
(t.assoc=e.assoc),t},bc=e=>new mn(e.type==null?null:y(e.type.client,e.type.clock),e.tname??null,e.item==null?null:y(e.item.client,e.item.clock),e.assoc==null?0:e.assoc),mr=class{constructor(t,n,r=0){this.
type=t,this.index=n,this.assoc=r}},kc=(e,t,n=0)=>new mr(e,t,n),on=(e,t,n)=>{let r=null,s=null;return e._item===null?s=li(e):r=y(e._item.id.client,e._item.id.clock),new mn(r,s,t,n)},Sc=(e,t,n=0)=>{let r=e.
_start;if(n<0){if(t===0)return on(e,null,n);t--}for(;r!==null;){if(!r.deleted&&r.countable){if(r.length>t)return on(e,y(r.id.client,r.id.clock+t),n);t-=r.length}if(r.right===null&&n<0)return on(e,r.lastId,
n);r=r.right}return on(e,null,n)};var _c=(e,t)=>{let n=jt(e,t),r=t.clock-n.id.clock;return{item:n,diff:r}},Uc=(e,t,n=!0)=>{let r=t.store,s=e.item,i=e.type,o=e.tname,c=e.assoc,l=null,h=0;if(s!==null){if(_(r,s.client)<=s.clock)return null;
let a=n?Vr(r,s):_c(r,s),d=a.item;if(!(d instanceof k))return null;if(l=d.parent,l._item===null||!l._item.deleted){h=d.deleted||!d.countable?0:a.diff+(c>=0?0:1);let u=d.left;for(;u!==null;)!u.deleted&&
u.countable&&(h+=u.length),u=u.left}}else{if(o!==null)l=t.get(o);else if(i!==null){if(_(r,i.client)<=i.clock)return null;let{item:a}=n?Vr(r,i):{item:jt(r,i)};if(a instanceof k&&a.content instanceof W)
l=a.content.type;else return null}else throw L();c>=0?h=l._length:h=0}return kc(l,h,e.assoc)};var wr=class{constructor(t,n){this.ds=t,this.sv=n}};var Ec=(e,t)=>new wr(e,t),ka=Ec(Qs(),new Map);var Ft=(e,t)=>t===void 0?!e.deleted:t.sv.has(e.id.client)&&(t.sv.get(e.id.client)||0)>e.id.clock&&!Ce(t.ds,e.id),yr=(e,t)=>{let n=G(e.meta,yr,J),r=e.doc.store;n.has(t)||(t.sv.forEach((s,i)=>{s<_(r,i)&&
B(e,y(i,s))}),Gt(e,t.ds,s=>{}),n.add(t))};var wn=class{constructor(){this.clients=new Map,this.pendingStructs=null,this.pendingDs=null}},Un=e=>{let t=new Map;return e.clients.forEach((n,r)=>{let s=n[n.length-1];t.set(r,s.id.clock+s.length)}),
t},_=(e,t)=>{let n=e.clients.get(t);if(n===void 0)return 0;let r=n[n.length-1];return r.id.clock+r.length},ai=(e,t)=>{let n=e.clients.get(t.id.client);if(n===void 0)n=[],e.clients.set(t.id.client,n);else{
let r=n[n.length-1];if(r.id.clock+r.length!==t.id.clock)throw L()}n.push(t)},K=(e,t)=>{let n=0,r=e.length-1,s=e[r],i=s.id.clock;if(i===t)return r;let o=v(t/(i+s.length-1)*r);for(;n<=r;){if(s=e[o],i=s.
id.clock,i<=t){if(t<i+s.length)return o;n=o+1}else r=o-1;o=v((n+r)/2)}throw L()},Ac=(e,t)=>{let n=e.clients.get(t.client);return n[K(n,t.clock)]},jt=Ac,xr=(e,t,n)=>{let r=K(t,n),s=t[r];return s.id.clock<
n&&s instanceof k?(t.splice(r+1,0,_n(e,s,n-s.id.clock)),r+1):r},B=(e,t)=>{let n=e.doc.store.clients.get(t.client);return n[xr(e,n,t.clock)]},Gs=(e,t,n)=>{let r=t.clients.get(n.client),s=K(r,n.clock),i=r[s];
return n.clock!==i.id.clock+i.length-1&&i.constructor!==R&&r.splice(s+1,0,_n(e,i,n.clock-i.id.clock+1)),i},Cc=(e,t,n)=>{let r=e.clients.get(t.id.client);r[K(r,t.id.clock)]=n},hi=(e,t,n,r,s)=>{if(r===0)
return;let i=n+r,o=xr(e,t,n),c;do c=t[o++],i<c.id.clock+c.length&&xr(e,t,i),s(c);while(o<t.length&&t[o].id.clock<i)},br=class{constructor(t,n,r){this.doc=t,this.deleteSet=new dt,this.beforeState=Un(t.
store),this.afterState=new Map,this.changed=new Map,this.changedParentTypes=new Map,this._mergeStructs=[],this.origin=n,this.meta=new Map,this.local=r,this.subdocsAdded=new Set,this.subdocsRemoved=new Set,
this.subdocsLoaded=new Set,this._needFormattingCleanup=!1}},zs=(e,t)=>t.deleteSet.clients.size===0&&!Hr(t.afterState,(n,r)=>t.beforeState.get(r)!==n)?!1:(Or(t.deleteSet),uc(e,t),Pt(e,t.deleteSet),!0),
Js=(e,t,n)=>{let r=t._item;(r===null||r.id.clock<(e.beforeState.get(r.id.client)||0)&&!r.deleted)&&G(e.changed,t,J).add(n)},an=(e,t)=>{let n=e[t],r=e[t-1],s=t;for(;s>0;n=r,r=e[--s-1]){if(r.deleted===n.
deleted&&r.constructor===n.constructor&&r.mergeWith(n)){n instanceof k&&n.parentSub!==null&&n.parent._map.get(n.parentSub)===n&&n.parent._map.set(n.parentSub,r);continue}break}let i=t-s;return i&&e.splice(
t+1-i,i),i},Ic=(e,t,n)=>{for(let[r,s]of e.clients.entries()){let i=t.clients.get(r);for(let o=s.length-1;o>=0;o--){let c=s[o],l=c.clock+c.len;for(let h=K(i,c.clock),a=i[h];h<i.length&&a.id.clock<l;a=i[++h]){
let d=i[h];if(c.clock+c.len<=d.id.clock)break;d instanceof k&&d.deleted&&!d.keep&&n(d)&&d.gc(t,!1)}}}},Dc=(e,t)=>{e.clients.forEach((n,r)=>{let s=t.clients.get(r);for(let i=n.length-1;i>=0;i--){let o=n[i],
c=ve(s.length-1,1+K(s,o.clock+o.len-1));for(let l=c,h=s[l];l>0&&h.id.clock>=o.clock;h=s[l])l-=1+an(s,l)}})};var di=(e,t)=>{if(t<e.length){let n=e[t],r=n.doc,s=r.store,i=n.deleteSet,o=n._mergeStructs;try{Or(i),n.afterState=Un(n.doc.store),r.emit("beforeObserverCalls",[n,r]);let c=[];n.changed.forEach((l,h)=>c.
push(()=>{(h._item===null||!h._item.deleted)&&h._callObserver(n,l)})),c.push(()=>{n.changedParentTypes.forEach((l,h)=>{h._dEH.l.length>0&&(h._item===null||!h._item.deleted)&&c.push(()=>{l=l.filter(a=>a.
target._item===null||!a.target._item.deleted),l.forEach(a=>{a.currentTarget=h,a._path=null}),l.sort((a,d)=>a.path.length-d.path.length),ci(h._dEH,l,n)})}),c.push(()=>r.emit("afterTransaction",[n,r])),
c.push(()=>{n._needFormattingCleanup&&Jc(n)})}),se(c,[])}finally{r.gc&&Ic(i,s,r.gcFilter),Dc(i,s),n.afterState.forEach((a,d)=>{let u=n.beforeState.get(d)||0;if(u!==a){let f=s.clients.get(d),p=Q(K(f,u),
1);for(let w=f.length-1;w>=p;)w-=1+an(f,w)}});for(let a=o.length-1;a>=0;a--){let{client:d,clock:u}=o[a].id,f=s.clients.get(d),p=K(f,u);p+1<f.length&&an(f,p+1)>1||p>0&&an(f,p)}if(!n.local&&n.afterState.
get(r.clientID)!==n.beforeState.get(r.clientID)&&(Os($t,de,"[yjs] ",ue,fe,"Changed the client-id because another client seems to be using it."),r.clientID=ti()),r.emit("afterTransactionCleanup",[n,r]),
r._observers.has("update")){let a=new kt;zs(a,n)&&r.emit("update",[a.toUint8Array(),n.origin,r,n])}if(r._observers.has("updateV2")){let a=new rt;zs(a,n)&&r.emit("updateV2",[a.toUint8Array(),n.origin,r,
n])}let{subdocsAdded:c,subdocsLoaded:l,subdocsRemoved:h}=n;(c.size>0||h.size>0||l.size>0)&&(c.forEach(a=>{a.clientID=r.clientID,a.collectionid==null&&(a.collectionid=r.collectionid),r.subdocs.add(a)}),
h.forEach(a=>r.subdocs.delete(a)),r.emit("subdocs",[{loaded:l,added:c,removed:h},r,n]),h.forEach(a=>a.destroy())),e.length<=t+1?(r._transactionCleanups=[],r.emit("afterAllTransactions",[r,e])):di(e,t+
1)}}},b=(e,t,n=null,r=!0)=>{let s=e._transactionCleanups,i=!1,o=null;e._transaction===null&&(i=!0,e._transaction=new br(e,n,r),s.push(e._transaction),s.length===1&&e.emit("beforeAllTransactions",[e]),
e.emit("beforeTransaction",[e._transaction,e]));try{o=t(e._transaction)}finally{if(i){let c=e._transaction===s[0];e._transaction=null,c&&di(s,0)}}return o},kr=class{constructor(t,n){this.insertions=n,
this.deletions=t,this.meta=new Map}},Hs=(e,t,n)=>{Gt(e,n.deletions,r=>{r instanceof k&&t.scope.some(s=>s===e.doc||gn(s,r))&&Fr(r,!1)})},Ps=(e,t,n)=>{let r=null,s=e.doc,i=e.scope;b(s,c=>{for(;t.length>
0&&e.currStackItem===null;){let l=s.store,h=t.pop(),a=new Set,d=[],u=!1;Gt(c,h.insertions,f=>{if(f instanceof k){if(f.redone!==null){let{item:p,diff:w}=Vr(l,f.id);w>0&&(p=B(c,y(p.id.client,p.id.clock+
w))),f=p}!f.deleted&&i.some(p=>p===c.doc||gn(p,f))&&d.push(f)}}),Gt(c,h.deletions,f=>{f instanceof k&&i.some(p=>p===c.doc||gn(p,f))&&!Ce(h.insertions,f.id)&&a.add(f)}),a.forEach(f=>{u=Ti(c,f,a,h.insertions,
e.ignoreRemoteMapChanges,e)!==null||u});for(let f=d.length-1;f>=0;f--){let p=d[f];e.deleteFilter(p)&&(p.delete(c),u=!0)}e.currStackItem=u?h:null}c.changed.forEach((l,h)=>{l.has(null)&&h._searchMarker&&
(h._searchMarker.length=0)}),r=c},e);let o=e.currStackItem;if(o!=null){let c=r.changedParentTypes;e.emit("stack-item-popped",[{stackItem:o,type:n,changedParentTypes:c,origin:e},e]),e.currStackItem=null}
return o},Sr=class extends Zt{constructor(t,{captureTimeout:n=500,captureTransaction:r=l=>!0,deleteFilter:s=()=>!0,trackedOrigins:i=new Set([null]),ignoreRemoteMapChanges:o=!1,doc:c=Z(t)?t[0].doc:t instanceof
bt?t:t.doc}={}){super(),this.scope=[],this.doc=c,this.addToScope(t),this.deleteFilter=s,i.add(this),this.trackedOrigins=i,this.captureTransaction=r,this.undoStack=[],this.redoStack=[],this.undoing=!1,
this.redoing=!1,this.currStackItem=null,this.lastChange=0,this.ignoreRemoteMapChanges=o,this.captureTimeout=n,this.afterTransactionHandler=l=>{if(!this.captureTransaction(l)||!this.scope.some(x=>l.changedParentTypes.
has(x)||x===this.doc)||!this.trackedOrigins.has(l.origin)&&(!l.origin||!this.trackedOrigins.has(l.origin.constructor)))return;let h=this.undoing,a=this.redoing,d=h?this.redoStack:this.undoStack;h?this.
stopCapturing():a||this.clear(!1,!0);let u=new dt;l.afterState.forEach((x,S)=>{let Gr=l.beforeState.get(S)||0,zr=x-Gr;zr>0&&ge(u,S,Gr,zr)});let f=nt(),p=!1;if(this.lastChange>0&&f-this.lastChange<this.
captureTimeout&&d.length>0&&!h&&!a){let x=d[d.length-1];x.deletions=fr([x.deletions,l.deleteSet]),x.insertions=fr([x.insertions,u])}else d.push(new kr(l.deleteSet,u)),p=!0;!h&&!a&&(this.lastChange=f),
Gt(l,l.deleteSet,x=>{x instanceof k&&this.scope.some(S=>S===l.doc||gn(S,x))&&Fr(x,!0)});let w=[{stackItem:d[d.length-1],origin:l.origin,type:h?"redo":"undo",changedParentTypes:l.changedParentTypes},this];
p?this.emit("stack-item-added",w):this.emit("stack-item-updated",w)},this.destroy=this.destroy.bind(this),this.doc.on("afterTransaction",this.afterTransactionHandler),this.doc.on("destroy",this.destroy)}addToScope(t){
let n=new Set(this.scope);t=Z(t)?t:[t],t.forEach(r=>{n.has(r)||(n.add(r),(r instanceof E?r.doc!==this.doc:r!==this.doc)&&dr("[yjs#509] Not same Y.Doc"),this.scope.push(r))})}addTrackedOrigin(t){this.trackedOrigins.
add(t)}removeTrackedOrigin(t){this.trackedOrigins.delete(t)}clear(t=!0,n=!0){(t&&this.canUndo()||n&&this.canRedo())&&this.doc.transact(r=>{t&&(this.undoStack.forEach(s=>Hs(r,this,s)),this.undoStack=[]),
n&&(this.redoStack.forEach(s=>Hs(r,this,s)),this.redoStack=[]),this.emit("stack-cleared",[{undoStackCleared:t,redoStackCleared:n}])})}stopCapturing(){this.lastChange=0}undo(){this.undoing=!0;let t;try{
t=Ps(this,this.undoStack,"undo")}finally{this.undoing=!1}return t}redo(){this.redoing=!0;let t;try{t=Ps(this,this.redoStack,"redo")}finally{this.redoing=!1}return t}canUndo(){return this.undoStack.length>
0}canRedo(){return this.redoStack.length>0}destroy(){this.trackedOrigins.delete(this),this.doc.off("afterTransaction",this.afterTransactionHandler),this.doc.off("destroy",this.destroy),super.destroy()}};
function*Tc(e){let t=m(e.restDecoder);for(let n=0;n<t;n++){let r=m(e.restDecoder),s=e.readClient(),i=m(e.restDecoder);for(let o=0;o<r;o++){let c=e.readInfo();if(c===10){let l=m(e.restDecoder);yield new $(
y(s,i),l),i+=l}else if((31&c)!==0){let l=(c&192)===0,h=new k(y(s,i),null,(c&128)===128?e.readLeftID():null,null,(c&64)===64?e.readRightID():null,l?e.readParentInfo()?e.readString():e.readLeftID():null,
l&&(c&32)===32?e.readString():null,Vi(e,c));yield h,i+=h.length}else{let l=e.readLen();yield new R(y(s,i),l),i+=l}}}}var me=class{constructor(t,n){this.gen=Tc(t),this.curr=null,this.done=!1,this.filterSkips=
n,this.next()}next(){do this.curr=this.gen.next().value||null;while(this.filterSkips&&this.curr!==null&&this.curr.constructor===$);return this.curr}};var we=class{constructor(t){this.currClient=0,this.startClock=0,this.written=0,this.encoder=t,this.clientStructs=[]}},ui=e=>yn(e,un,kt);var Vc=(e,t)=>{if(e.constructor===R){let{client:n,clock:r}=e.id;return new R(y(n,r+t),e.length-t)}else if(e.constructor===$){let{client:n,clock:r}=e.id;return new $(y(n,r+t),e.length-t)}else{let n=e,{
client:r,clock:s}=n.id;return new k(y(r,s+t),null,y(r,s+t-1),null,n.rightOrigin,n.parent,n.parentSub,n.content.splice(t))}},yn=(e,t=ut,n=rt)=>{if(e.length===1)return e[0];let r=e.map(a=>new t(H(a))),s=r.
map(a=>new me(a,!0)),i=null,o=new n,c=new we(o);for(;s=s.filter(u=>u.curr!==null),s.sort((u,f)=>{if(u.curr.id.client===f.curr.id.client){let p=u.curr.id.clock-f.curr.id.clock;return p===0?u.curr.constructor===
f.curr.constructor?0:u.curr.constructor===$?1:-1:p}else return f.curr.id.client-u.curr.id.client}),s.length!==0;){let a=s[0],d=a.curr.id.client;if(i!==null){let u=a.curr,f=!1;for(;u!==null&&u.id.clock+
u.length<=i.struct.id.clock+i.struct.length&&u.id.client>=i.struct.id.client;)u=a.next(),f=!0;if(u===null||u.id.client!==d||f&&u.id.clock>i.struct.id.clock+i.struct.length)continue;if(d!==i.struct.id.
client)lt(c,i.struct,i.offset),i={struct:u,offset:0},a.next();else if(i.struct.id.clock+i.struct.length<u.id.clock)if(i.struct.constructor===$)i.struct.length=u.id.clock+u.length-i.struct.id.clock;else{
lt(c,i.struct,i.offset);let p=u.id.clock-i.struct.id.clock-i.struct.length;i={struct:new $(y(d,i.struct.id.clock+i.struct.length),p),offset:0}}else{let p=i.struct.id.clock+i.struct.length-u.id.clock;p>
0&&(i.struct.constructor===$?i.struct.length-=p:u=Vc(u,p)),i.struct.mergeWith(u)||(lt(c,i.struct,i.offset),i={struct:u,offset:0},a.next())}}else i={struct:a.curr,offset:0},a.next();for(let u=a.curr;u!==
null&&u.id.client===d&&u.id.clock===i.struct.id.clock+i.struct.length&&u.constructor!==$;u=a.next())lt(c,i.struct,i.offset),i={struct:u,offset:0}}i!==null&&(lt(c,i.struct,i.offset),i=null),Mr(c);let l=r.
map(a=>Nr(a)),h=fr(l);return Pt(o,h),o.toUint8Array()},vc=(e,t,n=ut,r=rt)=>{let s=si(t),i=new r,o=new we(i),c=new n(H(e)),l=new me(c,!1);for(;l.curr;){let a=l.curr,d=a.id.client,u=s.get(d)||0;if(l.curr.
constructor===$){l.next();continue}if(a.id.clock+a.length>u)for(lt(o,a,Q(u-a.id.clock,0)),l.next();l.curr&&l.curr.id.client===d;)lt(o,l.curr,0),l.next();else for(;l.curr&&l.curr.id.client===d&&l.curr.
id.clock+l.curr.length<=u;)l.next()}Mr(o);let h=Nr(c);return Pt(i,h),i.toUint8Array()};var fi=e=>{e.written>0&&(e.clientStructs.push({written:e.written,restEncoder:M(e.encoder.restEncoder)}),e.encoder.restEncoder=ot(),e.written=0)},lt=(e,t,n)=>{e.written>0&&e.currClient!==t.id.client&&fi(
e),e.written===0&&(e.currClient=t.id.client,e.encoder.writeClient(t.id.client),g(e.encoder.restEncoder,t.id.clock+n)),t.write(e.encoder,n),e.written++},Mr=e=>{fi(e);let t=e.encoder.restEncoder;g(t,e.clientStructs.
length);for(let n=0;n<e.clientStructs.length;n++){let r=e.clientStructs[n];g(t,r.written),te(t,r.restEncoder)}},Oc=(e,t,n,r)=>{let s=new n(H(e)),i=new me(s,!1),o=new r,c=new we(o);for(let h=i.curr;h!==
null;h=i.next())lt(c,t(h),0);Mr(c);let l=Nr(s);return Pt(o,l),o.toUint8Array()};var Nc=e=>Oc(e,us,ut,kt),Ys="You must not compute changes after the event-handler fired.",zt=class{constructor(t,n){this.target=t,this.currentTarget=t,this.transaction=n,this._changes=null,this._keys=
null,this._delta=null,this._path=null}get path(){return this._path||(this._path=Lc(this.currentTarget,this.target))}deletes(t){return Ce(this.transaction.deleteSet,t.id)}get keys(){if(this._keys===null){
if(this.transaction.doc._transactionCleanups.length===0)throw F(Ys);let t=new Map,n=this.target;this.transaction.changed.get(n).forEach(s=>{if(s!==null){let i=n._map.get(s),o,c;if(this.adds(i)){let l=i.
left;for(;l!==null&&this.adds(l);)l=l.left;if(this.deletes(i))if(l!==null&&this.deletes(l))o="delete",c=De(l.content.getContent());else return;else l!==null&&this.deletes(l)?(o="update",c=De(l.content.
getContent())):(o="add",c=void 0)}else if(this.deletes(i))o="delete",c=De(i.content.getContent());else return;t.set(s,{action:o,oldValue:c})}}),this._keys=t}return this._keys}get delta(){return this.changes.
delta}adds(t){return t.id.clock>=(this.transaction.beforeState.get(t.id.client)||0)}get changes(){let t=this._changes;if(t===null){if(this.transaction.doc._transactionCleanups.length===0)throw F(Ys);let n=this.
target,r=J(),s=J(),i=[];if(t={added:r,deleted:s,delta:i,keys:this.keys},this.transaction.changed.get(n).has(null)){let c=null,l=()=>{c&&i.push(c)};for(let h=n._start;h!==null;h=h.right)h.deleted?this.
deletes(h)&&!this.adds(h)&&((c===null||c.delete===void 0)&&(l(),c={delete:0}),c.delete+=h.length,s.add(h)):this.adds(h)?((c===null||c.insert===void 0)&&(l(),c={insert:[]}),c.insert=c.insert.concat(h.content.
getContent()),r.add(h)):((c===null||c.retain===void 0)&&(l(),c={retain:0}),c.retain+=h.length);c!==null&&c.retain===void 0&&l()}this._changes=t}return t}},Lc=(e,t)=>{let n=[];for(;t._item!==null&&t!==
e;){if(t._item.parentSub!==null)n.unshift(t._item.parentSub);else{let r=0,s=t._item.parent._start;for(;s!==t._item&&s!==null;)!s.deleted&&s.countable&&(r+=s.length),s=s.right;n.unshift(r)}t=t._item.parent}
return n},N=()=>{dr("Invalid access: Add Yjs type to a document before reading data.")},pi=80,Br=0,_r=class{constructor(t,n){t.marker=!0,this.p=t,this.index=n,this.timestamp=Br++}},Mc=e=>{e.timestamp=
Br++},gi=(e,t,n)=>{e.p.marker=!1,e.p=t,t.marker=!0,e.index=n,e.timestamp=Br++},Bc=(e,t,n)=>{if(e.length>=pi){let r=e.reduce((s,i)=>s.timestamp<i.timestamp?s:i);return gi(r,t,n),r}else{let r=new _r(t,n);
return e.push(r),r}},En=(e,t)=>{if(e._start===null||t===0||e._searchMarker===null)return null;let n=e._searchMarker.length===0?null:e._searchMarker.reduce((i,o)=>ft(t-i.index)<ft(t-o.index)?i:o),r=e._start,
s=0;for(n!==null&&(r=n.p,s=n.index,Mc(n));r.right!==null&&s<t;){if(!r.deleted&&r.countable){if(t<s+r.length)break;s+=r.length}r=r.right}for(;r.left!==null&&s>t;)r=r.left,!r.deleted&&r.countable&&(s-=r.
length);for(;r.left!==null&&r.left.id.client===r.id.client&&r.left.id.clock+r.left.length===r.id.clock;)r=r.left,!r.deleted&&r.countable&&(s-=r.length);return n!==null&&ft(n.index-s)<r.parent.length/pi?
(gi(n,r,s),n):Bc(e._searchMarker,r,s)},ye=(e,t,n)=>{for(let r=e.length-1;r>=0;r--){let s=e[r];if(n>0){let i=s.p;for(i.marker=!1;i&&(i.deleted||!i.countable);)i=i.left,i&&!i.deleted&&i.countable&&(s.index-=
i.length);if(i===null||i.marker===!0){e.splice(r,1);continue}s.p=i,i.marker=!0}(t<s.index||n>0&&t===s.index)&&(s.index=Q(t,s.index+n))}};var An=(e,t,n)=>{let r=e,s=t.changedParentTypes;for(;G(s,e,()=>[]).push(n),e._item!==null;)e=e._item.parent;ci(r._eH,n,t)},E=class{constructor(){this._item=null,this._map=new Map,this._start=null,this.
doc=null,this._length=0,this._eH=Fs(),this._dEH=Fs(),this._searchMarker=null}get parent(){return this._item?this._item.parent:null}_integrate(t,n){this.doc=t,this._item=n}_copy(){throw j()}clone(){throw j()}_write(t){}get _first(){
let t=this._start;for(;t!==null&&t.deleted;)t=t.right;return t}_callObserver(t,n){!t.local&&this._searchMarker&&(this._searchMarker.length=0)}observe(t){js(this._eH,t)}observeDeep(t){js(this._dEH,t)}unobserve(t){
qs(this._eH,t)}unobserveDeep(t){qs(this._dEH,t)}toJSON(){}},mi=(e,t,n)=>{e.doc??N(),t<0&&(t=e._length+t),n<0&&(n=e._length+n);let r=n-t,s=[],i=e._start;for(;i!==null&&r>0;){if(i.countable&&!i.deleted){
let o=i.content.getContent();if(o.length<=t)t-=o.length;else{for(let c=t;c<o.length&&r>0;c++)s.push(o[c]),r--;t=0}}i=i.right}return s},wi=e=>{e.doc??N();let t=[],n=e._start;for(;n!==null;){if(n.countable&&
!n.deleted){let r=n.content.getContent();for(let s=0;s<r.length;s++)t.push(r[s])}n=n.right}return t};var xe=(e,t)=>{let n=0,r=e._start;for(e.doc??N();r!==null;){if(r.countable&&!r.deleted){let s=r.content.getContent();for(let i=0;i<s.length;i++)t(s[i],n++,e)}r=r.right}},yi=(e,t)=>{let n=[];return xe(
e,(r,s)=>{n.push(t(r,s,e))}),n},Rc=e=>{let t=e._start,n=null,r=0;return{[Symbol.iterator](){return this},next:()=>{if(n===null){for(;t!==null&&t.deleted;)t=t.right;if(t===null)return{done:!0,value:void 0};
n=t.content.getContent(),r=0,t=t.right}let s=n[r++];return n.length<=r&&(n=null),{done:!1,value:s}}}},xi=(e,t)=>{e.doc??N();let n=En(e,t),r=e._start;for(n!==null&&(r=n.p,t-=n.index);r!==null;r=r.right)
if(!r.deleted&&r.countable){if(t<r.length)return r.content.getContent()[t];t-=r.length}},xn=(e,t,n,r)=>{let s=n,i=e.doc,o=i.clientID,c=i.store,l=n===null?t._start:n.right,h=[],a=()=>{h.length>0&&(s=new k(
y(o,_(c,o)),s,s&&s.lastId,l,l&&l.id,t,null,new Ht(h)),s.integrate(e,0),h=[])};r.forEach(d=>{if(d===null)h.push(d);else switch(d.constructor){case Number:case Object:case Boolean:case Array:case String:
h.push(d);break;default:switch(a(),d.constructor){case Uint8Array:case ArrayBuffer:s=new k(y(o,_(c,o)),s,s&&s.lastId,l,l&&l.id,t,null,new Ee(new Uint8Array(d))),s.integrate(e,0);break;case bt:s=new k(
y(o,_(c,o)),s,s&&s.lastId,l,l&&l.id,t,null,new Ae(d)),s.integrate(e,0);break;default:if(d instanceof E)s=new k(y(o,_(c,o)),s,s&&s.lastId,l,l&&l.id,t,null,new W(d)),s.integrate(e,0);else throw new Error(
"Unexpected content type in insert operation")}}}),a()},bi=()=>F("Length exceeded!"),ki=(e,t,n,r)=>{if(n>t._length)throw bi();if(n===0)return t._searchMarker&&ye(t._searchMarker,n,r.length),xn(e,t,null,
r);let s=n,i=En(t,n),o=t._start;for(i!==null&&(o=i.p,n-=i.index,n===0&&(o=o.prev,n+=o&&o.countable&&!o.deleted?o.length:0));o!==null;o=o.right)if(!o.deleted&&o.countable){if(n<=o.length){n<o.length&&B(
e,y(o.id.client,o.id.clock+n));break}n-=o.length}return t._searchMarker&&ye(t._searchMarker,s,r.length),xn(e,t,o,r)},$c=(e,t,n)=>{let s=(t._searchMarker||[]).reduce((i,o)=>o.index>i.index?o:i,{index:0,
p:t._start}).p;if(s)for(;s.right;)s=s.right;return xn(e,t,s,n)},Si=(e,t,n,r)=>{if(r===0)return;let s=n,i=r,o=En(t,n),c=t._start;for(o!==null&&(c=o.p,n-=o.index);c!==null&&n>0;c=c.right)!c.deleted&&c.countable&&
(n<c.length&&B(e,y(c.id.client,c.id.clock+n)),n-=c.length);for(;r>0&&c!==null;)c.deleted||(r<c.length&&B(e,y(c.id.client,c.id.clock+r)),c.delete(e),r-=c.length),c=c.right;if(r>0)throw bi();t._searchMarker&&
ye(t._searchMarker,s,-i+r)},bn=(e,t,n)=>{let r=t._map.get(n);r!==void 0&&r.delete(e)},Rr=(e,t,n,r)=>{let s=t._map.get(n)||null,i=e.doc,o=i.clientID,c;if(r==null)c=new Ht([r]);else switch(r.constructor){case Number:case Object:case Boolean:case Array:case String:case Date:case BigInt:
c=new Ht([r]);break;case Uint8Array:c=new Ee(r);break;case bt:c=new Ae(r);break;default:if(r instanceof E)c=new W(r);else throw new Error("Unexpected content type")}new k(y(o,_(i.store,o)),s,s&&s.lastId,
null,null,t,n,c).integrate(e,0)},$r=(e,t)=>{e.doc??N();let n=e._map.get(t);return n!==void 0&&!n.deleted?n.content.getContent()[n.length-1]:void 0},_i=e=>{let t={};return e.doc??N(),e._map.forEach((n,r)=>{
n.deleted||(t[r]=n.content.getContent()[n.length-1])}),t},Ui=(e,t)=>{e.doc??N();let n=e._map.get(t);return n!==void 0&&!n.deleted};var Fc=(e,t)=>{let n={};return e._map.forEach((r,s)=>{let i=r;for(;i!==null&&(!t.sv.has(i.id.client)||i.id.clock>=(t.sv.get(i.id.client)||0));)i=i.left;i!==null&&Ft(i,t)&&(n[s]=i.content.getContent()[i.
length-1])}),n},cn=e=>(e.doc??N(),Ms(e._map.entries(),t=>!t[1].deleted)),Ur=class extends zt{},kn=class e extends E{constructor(){super(),this._prelimContent=[],this._searchMarker=[]}static from(t){let n=new e;
return n.push(t),n}_integrate(t,n){super._integrate(t,n),this.insert(0,this._prelimContent),this._prelimContent=null}_copy(){return new e}clone(){let t=new e;return t.insert(0,this.toArray().map(n=>n instanceof
E?n.clone():n)),t}get length(){return this.doc??N(),this._length}_callObserver(t,n){super._callObserver(t,n),An(this,t,new Ur(this,t))}insert(t,n){this.doc!==null?b(this.doc,r=>{ki(r,this,t,n)}):this.
_prelimContent.splice(t,0,...n)}push(t){this.doc!==null?b(this.doc,n=>{$c(n,this,t)}):this._prelimContent.push(...t)}unshift(t){this.insert(0,t)}delete(t,n=1){this.doc!==null?b(this.doc,r=>{Si(r,this,
t,n)}):this._prelimContent.splice(t,n)}get(t){return xi(this,t)}toArray(){return wi(this)}slice(t=0,n=this.length){return mi(this,t,n)}toJSON(){return this.map(t=>t instanceof E?t.toJSON():t)}map(t){return yi(
this,t)}forEach(t){xe(this,t)}[Symbol.iterator](){return Rc(this)}_write(t){t.writeTypeRef(ll)}},jc=e=>new kn,Er=class extends zt{constructor(t,n,r){super(t,n),this.keysChanged=r}},be=class e extends E{constructor(t){
super(),this._prelimContent=null,t===void 0?this._prelimContent=new Map:this._prelimContent=new Map(t)}_integrate(t,n){super._integrate(t,n),this._prelimContent.forEach((r,s)=>{this.set(s,r)}),this._prelimContent=
null}_copy(){return new e}clone(){let t=new e;return this.forEach((n,r)=>{t.set(r,n instanceof E?n.clone():n)}),t}_callObserver(t,n){An(this,t,new Er(this,t,n))}toJSON(){this.doc??N();let t={};return this.
_map.forEach((n,r)=>{if(!n.deleted){let s=n.content.getContent()[n.length-1];t[r]=s instanceof E?s.toJSON():s}}),t}get size(){return[...cn(this)].length}keys(){return rn(cn(this),t=>t[0])}values(){return rn(
cn(this),t=>t[1].content.getContent()[t[1].length-1])}entries(){return rn(cn(this),t=>[t[0],t[1].content.getContent()[t[1].length-1]])}forEach(t){this.doc??N(),this._map.forEach((n,r)=>{n.deleted||t(n.
content.getContent()[n.length-1],r,this)})}[Symbol.iterator](){return this.entries()}delete(t){this.doc!==null?b(this.doc,n=>{bn(n,this,t)}):this._prelimContent.delete(t)}set(t,n){return this.doc!==null?
b(this.doc,r=>{Rr(r,this,t,n)}):this._prelimContent.set(t,n),n}get(t){return $r(this,t)}has(t){return Ui(this,t)}clear(){this.doc!==null?b(this.doc,t=>{this.forEach(function(n,r,s){bn(t,s,r)})}):this.
_prelimContent.clear()}_write(t){t.writeTypeRef(al)}},qc=e=>new be,at=(e,t)=>e===t||typeof e=="object"&&typeof t=="object"&&e&&t&&zn(e,t),ke=class{constructor(t,n,r,s){this.left=t,this.right=n,this.index=
r,this.currentAttributes=s}forward(){this.right===null&&L(),this.right.content.constructor===I?this.right.deleted||Yt(this.currentAttributes,this.right.content):this.right.deleted||(this.index+=this.right.
length),this.left=this.right,this.right=this.right.right}},Xs=(e,t,n)=>{for(;t.right!==null&&n>0;)t.right.content.constructor===I?t.right.deleted||Yt(t.currentAttributes,t.right.content):t.right.deleted||
(n<t.right.length&&B(e,y(t.right.id.client,t.right.id.clock+n)),t.index+=t.right.length,n-=t.right.length),t.left=t.right,t.right=t.right.right;return t},ln=(e,t,n,r)=>{let s=new Map,i=r?En(t,n):null;
if(i){let o=new ke(i.p.left,i.p,i.index,s);return Xs(e,o,n-i.index)}else{let o=new ke(null,t._start,0,s);return Xs(e,o,n)}},Ei=(e,t,n,r)=>{for(;n.right!==null&&(n.right.deleted===!0||n.right.content.constructor===
I&&at(r.get(n.right.content.key),n.right.content.value));)n.right.deleted||r.delete(n.right.content.key),n.forward();let s=e.doc,i=s.clientID;r.forEach((o,c)=>{let l=n.left,h=n.right,a=new k(y(i,_(s.store,
i)),l,l&&l.lastId,h,h&&h.id,t,null,new I(c,o));a.integrate(e,0),n.right=a,n.forward()})},Yt=(e,t)=>{let{key:n,value:r}=t;r===null?e.delete(n):e.set(n,r)},Ai=(e,t)=>{for(;e.right!==null;){if(!(e.right.
deleted||e.right.content.constructor===I&&at(t[e.right.content.key]??null,e.right.content.value)))break;e.forward()}},Ci=(e,t,n,r)=>{let s=e.doc,i=s.clientID,o=new Map;for(let c in r){let l=r[c],h=n.currentAttributes.
get(c)??null;if(!at(h,l)){o.set(c,h);let{left:a,right:d}=n;n.right=new k(y(i,_(s.store,i)),a,a&&a.lastId,d,d&&d.id,t,null,new I(c,l)),n.right.integrate(e,0),n.forward()}}return o},ur=(e,t,n,r,s)=>{n.currentAttributes.
forEach((u,f)=>{s[f]===void 0&&(s[f]=null)});let i=e.doc,o=i.clientID;Ai(n,s);let c=Ci(e,t,n,s),l=r.constructor===String?new st(r):r instanceof E?new W(r):new St(r),{left:h,right:a,index:d}=n;t._searchMarker&&
ye(t._searchMarker,n.index,l.getLength()),a=new k(y(o,_(i.store,o)),h,h&&h.lastId,a,a&&a.id,t,null,l),a.integrate(e,0),n.right=a,n.index=d,n.forward(),Ei(e,t,n,c)},Ks=(e,t,n,r,s)=>{let i=e.doc,o=i.clientID;
Ai(n,s);let c=Ci(e,t,n,s);t:for(;n.right!==null&&(r>0||c.size>0&&(n.right.deleted||n.right.content.constructor===I));){if(!n.right.deleted)switch(n.right.content.constructor){case I:{let{key:l,value:h}=n.
right.content,a=s[l];if(a!==void 0){if(at(a,h))c.delete(l);else{if(r===0)break t;c.set(l,h)}n.right.delete(e)}else n.currentAttributes.set(l,h);break}default:r<n.right.length&&B(e,y(n.right.id.client,
n.right.id.clock+r)),r-=n.right.length;break}n.forward()}if(r>0){let l="";for(;r>0;r--)l+=`
`;n.right=new k(y(o,_(i.store,o)),n.left,n.left&&n.left.lastId,n.right,n.right&&n.right.id,t,null,new st(l)),n.right.integrate(e,0),n.forward()}Ei(e,t,n,c)},Ii=(e,t,n,r,s)=>{let i=t,o=D();for(;i&&(!i.
countable||i.deleted);){if(!i.deleted&&i.content.constructor===I){let h=i.content;o.set(h.key,h)}i=i.right}let c=0,l=!1;for(;t!==i;){if(n===t&&(l=!0),!t.deleted){let h=t.content;if(h.constructor===I){
let{key:a,value:d}=h,u=r.get(a)??null;(o.get(a)!==h||u===d)&&(t.delete(e),c++,!l&&(s.get(a)??null)===d&&u!==d&&(u===null?s.delete(a):s.set(a,u))),!l&&!t.deleted&&Yt(s,h)}}t=t.right}return c},Gc=(e,t)=>{
for(;t&&t.right&&(t.right.deleted||!t.right.countable);)t=t.right;let n=new Set;for(;t&&(t.deleted||!t.countable);){if(!t.deleted&&t.content.constructor===I){let r=t.content.key;n.has(r)?t.delete(e):n.
add(r)}t=t.left}},zc=e=>{let t=0;return b(e.doc,n=>{let r=e._start,s=e._start,i=D(),o=Ie(i);for(;s;)s.deleted===!1&&(s.content.constructor===I?Yt(o,s.content):(t+=Ii(n,r,s,i,o),i=Ie(o),r=s)),s=s.right}),
t},Jc=e=>{let t=new Set,n=e.doc;for(let[r,s]of e.afterState.entries()){let i=e.beforeState.get(r)||0;s!==i&&hi(e,n.store.clients.get(r),i,s,o=>{!o.deleted&&o.content.constructor===I&&o.constructor!==R&&
t.add(o.parent)})}b(n,r=>{Gt(e,e.deleteSet,s=>{if(s instanceof R||!s.parent._hasFormatting||t.has(s.parent))return;let i=s.parent;s.content.constructor===I?t.add(i):Gc(r,s)});for(let s of t)zc(s)})},Ws=(e,t,n)=>{
let r=n,s=Ie(t.currentAttributes),i=t.right;for(;n>0&&t.right!==null;){if(t.right.deleted===!1)switch(t.right.content.constructor){case W:case St:case st:n<t.right.length&&B(e,y(t.right.id.client,t.right.
id.clock+n)),n-=t.right.length,t.right.delete(e);break}t.forward()}i&&Ii(e,i,t.right,s,t.currentAttributes);let o=(t.left||t.right).parent;return o._searchMarker&&ye(o._searchMarker,t.index,-r+n),t},Ar=class extends zt{constructor(t,n,r){
super(t,n),this.childListChanged=!1,this.keysChanged=new Set,r.forEach(s=>{s===null?this.childListChanged=!0:this.keysChanged.add(s)})}get changes(){if(this._changes===null){let t={keys:this.keys,delta:this.
delta,added:new Set,deleted:new Set};this._changes=t}return this._changes}get delta(){if(this._delta===null){let t=this.target.doc,n=[];b(t,r=>{let s=new Map,i=new Map,o=this.target._start,c=null,l={},
h="",a=0,d=0,u=()=>{if(c!==null){let f=null;switch(c){case"delete":d>0&&(f={delete:d}),d=0;break;case"insert":(typeof h=="object"||h.length>0)&&(f={insert:h},s.size>0&&(f.attributes={},s.forEach((p,w)=>{
p!==null&&(f.attributes[w]=p)}))),h="";break;case"retain":a>0&&(f={retain:a},ds(l)||(f.attributes=as({},l))),a=0;break}f&&n.push(f),c=null}};for(;o!==null;){switch(o.content.constructor){case W:case St:
this.adds(o)?this.deletes(o)||(u(),c="insert",h=o.content.getContent()[0],u()):this.deletes(o)?(c!=="delete"&&(u(),c="delete"),d+=1):o.deleted||(c!=="retain"&&(u(),c="retain"),a+=1);break;case st:this.
adds(o)?this.deletes(o)||(c!=="insert"&&(u(),c="insert"),h+=o.content.str):this.deletes(o)?(c!=="delete"&&(u(),c="delete"),d+=o.length):o.deleted||(c!=="retain"&&(u(),c="retain"),a+=o.length);break;case I:{
let{key:f,value:p}=o.content;if(this.adds(o)){if(!this.deletes(o)){let w=s.get(f)??null;at(w,p)?p!==null&&o.delete(r):(c==="retain"&&u(),at(p,i.get(f)??null)?delete l[f]:l[f]=p)}}else if(this.deletes(
o)){i.set(f,p);let w=s.get(f)??null;at(w,p)||(c==="retain"&&u(),l[f]=w)}else if(!o.deleted){i.set(f,p);let w=l[f];w!==void 0&&(at(w,p)?w!==null&&o.delete(r):(c==="retain"&&u(),p===null?delete l[f]:l[f]=
p))}o.deleted||(c==="insert"&&u(),Yt(s,o.content));break}}o=o.right}for(u();n.length>0;){let f=n[n.length-1];if(f.retain!==void 0&&f.attributes===void 0)n.pop();else break}}),this._delta=n}return this.
_delta}},Se=class e extends E{constructor(t){super(),this._pending=t!==void 0?[()=>this.insert(0,t)]:[],this._searchMarker=[],this._hasFormatting=!1}get length(){return this.doc??N(),this._length}_integrate(t,n){
super._integrate(t,n);try{this._pending.forEach(r=>r())}catch(r){console.error(r)}this._pending=null}_copy(){return new e}clone(){let t=new e;return t.applyDelta(this.toDelta()),t}_callObserver(t,n){super.
_callObserver(t,n);let r=new Ar(this,t,n);An(this,t,r),!t.local&&this._hasFormatting&&(t._needFormattingCleanup=!0)}toString(){this.doc??N();let t="",n=this._start;for(;n!==null;)!n.deleted&&n.countable&&
n.content.constructor===st&&(t+=n.content.str),n=n.right;return t}toJSON(){return this.toString()}applyDelta(t,{sanitize:n=!0}={}){this.doc!==null?b(this.doc,r=>{let s=new ke(null,this._start,0,new Map);
for(let i=0;i<t.length;i++){let o=t[i];if(o.insert!==void 0){let c=!n&&typeof o.insert=="string"&&i===t.length-1&&s.right===null&&o.insert.slice(-1)===`
`?o.insert.slice(0,-1):o.insert;(typeof c!="string"||c.length>0)&&ur(r,this,s,c,o.attributes||{})}else o.retain!==void 0?Ks(r,this,s,o.retain,o.attributes||{}):o.delete!==void 0&&Ws(r,s,o.delete)}}):this.
_pending.push(()=>this.applyDelta(t))}toDelta(t,n,r){this.doc??N();let s=[],i=new Map,o=this.doc,c="",l=this._start;function h(){if(c.length>0){let d={},u=!1;i.forEach((p,w)=>{u=!0,d[w]=p});let f={insert:c};
u&&(f.attributes=d),s.push(f),c=""}}let a=()=>{for(;l!==null;){if(Ft(l,t)||n!==void 0&&Ft(l,n))switch(l.content.constructor){case st:{let d=i.get("ychange");t!==void 0&&!Ft(l,t)?(d===void 0||d.user!==
l.id.client||d.type!=="removed")&&(h(),i.set("ychange",r?r("removed",l.id):{type:"removed"})):n!==void 0&&!Ft(l,n)?(d===void 0||d.user!==l.id.client||d.type!=="added")&&(h(),i.set("ychange",r?r("added",
l.id):{type:"added"})):d!==void 0&&(h(),i.delete("ychange")),c+=l.content.str;break}case W:case St:{h();let d={insert:l.content.getContent()[0]};if(i.size>0){let u={};d.attributes=u,i.forEach((f,p)=>{
u[p]=f})}s.push(d);break}case I:Ft(l,t)&&(h(),Yt(i,l.content));break}l=l.right}h()};return t||n?b(o,d=>{t&&yr(d,t),n&&yr(d,n),a()},"cleanup"):a(),s}insert(t,n,r){if(n.length<=0)return;let s=this.doc;s!==
null?b(s,i=>{let o=ln(i,this,t,!r);r||(r={},o.currentAttributes.forEach((c,l)=>{r[l]=c})),ur(i,this,o,n,r)}):this._pending.push(()=>this.insert(t,n,r))}insertEmbed(t,n,r){let s=this.doc;s!==null?b(s,i=>{
let o=ln(i,this,t,!r);ur(i,this,o,n,r||{})}):this._pending.push(()=>this.insertEmbed(t,n,r||{}))}delete(t,n){if(n===0)return;let r=this.doc;r!==null?b(r,s=>{Ws(s,ln(s,this,t,!0),n)}):this._pending.push(
()=>this.delete(t,n))}format(t,n,r){if(n===0)return;let s=this.doc;s!==null?b(s,i=>{let o=ln(i,this,t,!1);o.right!==null&&Ks(i,this,o,n,r)}):this._pending.push(()=>this.format(t,n,r))}removeAttribute(t){
this.doc!==null?b(this.doc,n=>{bn(n,this,t)}):this._pending.push(()=>this.removeAttribute(t))}setAttribute(t,n){this.doc!==null?b(this.doc,r=>{Rr(r,this,t,n)}):this._pending.push(()=>this.setAttribute(
t,n))}getAttribute(t){return $r(this,t)}getAttributes(){return _i(this)}_write(t){t.writeTypeRef(hl)}},Hc=e=>new Se,pe=class{constructor(t,n=()=>!0){this._filter=n,this._root=t,this._currentNode=t._start,
this._firstCall=!0,t.doc??N()}[Symbol.iterator](){return this}next(){let t=this._currentNode,n=t&&t.content&&t.content.type;if(t!==null&&(!this._firstCall||t.deleted||!this._filter(n)))do if(n=t.content.
type,!t.deleted&&(n.constructor===_e||n.constructor===Jt)&&n._start!==null)t=n._start;else for(;t!==null;){let r=t.next;if(r!==null){t=r;break}else t.parent===this._root?t=null:t=t.parent._item}while(t!==
null&&(t.deleted||!this._filter(t.content.type)));return this._firstCall=!1,t===null?{value:void 0,done:!0}:(this._currentNode=t,{value:t.content.type,done:!1})}},Jt=class e extends E{constructor(){super(),
this._prelimContent=[]}get firstChild(){let t=this._first;return t?t.content.getContent()[0]:null}_integrate(t,n){super._integrate(t,n),this.insert(0,this._prelimContent),this._prelimContent=null}_copy(){
return new e}clone(){let t=new e;return t.insert(0,this.toArray().map(n=>n instanceof E?n.clone():n)),t}get length(){return this.doc??N(),this._prelimContent===null?this._length:this._prelimContent.length}createTreeWalker(t){
return new pe(this,t)}querySelector(t){t=t.toUpperCase();let r=new pe(this,s=>s.nodeName&&s.nodeName.toUpperCase()===t).next();return r.done?null:r.value}querySelectorAll(t){return t=t.toUpperCase(),z(
new pe(this,n=>n.nodeName&&n.nodeName.toUpperCase()===t))}_callObserver(t,n){An(this,t,new Cr(this,n,t))}toString(){return yi(this,t=>t.toString()).join("")}toJSON(){return this.toString()}toDOM(t=document,n={},r){
let s=t.createDocumentFragment();return r!==void 0&&r._createAssociation(s,this),xe(this,i=>{s.insertBefore(i.toDOM(t,n,r),null)}),s}insert(t,n){this.doc!==null?b(this.doc,r=>{ki(r,this,t,n)}):this._prelimContent.
splice(t,0,...n)}insertAfter(t,n){if(this.doc!==null)b(this.doc,r=>{let s=t&&t instanceof E?t._item:t;xn(r,this,s,n)});else{let r=this._prelimContent,s=t===null?0:r.findIndex(i=>i===t)+1;if(s===0&&t!==
null)throw F("Reference item not found");r.splice(s,0,...n)}}delete(t,n=1){this.doc!==null?b(this.doc,r=>{Si(r,this,t,n)}):this._prelimContent.splice(t,n)}toArray(){return wi(this)}push(t){this.insert(
this.length,t)}unshift(t){this.insert(0,t)}get(t){return xi(this,t)}slice(t=0,n=this.length){return mi(this,t,n)}forEach(t){xe(this,t)}_write(t){t.writeTypeRef(ul)}},Pc=e=>new Jt,_e=class e extends Jt{constructor(t="\
UNDEFINED"){super(),this.nodeName=t,this._prelimAttrs=new Map}get nextSibling(){let t=this._item?this._item.next:null;return t?t.content.type:null}get prevSibling(){let t=this._item?this._item.prev:null;
return t?t.content.type:null}_integrate(t,n){super._integrate(t,n),this._prelimAttrs.forEach((r,s)=>{this.setAttribute(s,r)}),this._prelimAttrs=null}_copy(){return new e(this.nodeName)}clone(){let t=new e(
this.nodeName),n=this.getAttributes();return hs(n,(r,s)=>{t.setAttribute(s,r)}),t.insert(0,this.toArray().map(r=>r instanceof E?r.clone():r)),t}toString(){let t=this.getAttributes(),n=[],r=[];for(let c in t)
r.push(c);r.sort();let s=r.length;for(let c=0;c<s;c++){let l=r[c];n.push(l+'="'+t[l]+'"')}let i=this.nodeName.toLocaleLowerCase(),o=n.length>0?" "+n.join(" "):"";return`<${i}${o}>${super.toString()}</${i}\
>`}removeAttribute(t){this.doc!==null?b(this.doc,n=>{bn(n,this,t)}):this._prelimAttrs.delete(t)}setAttribute(t,n){this.doc!==null?b(this.doc,r=>{Rr(r,this,t,n)}):this._prelimAttrs.set(t,n)}getAttribute(t){
return $r(this,t)}hasAttribute(t){return Ui(this,t)}getAttributes(t){return t?Fc(this,t):_i(this)}toDOM(t=document,n={},r){let s=t.createElement(this.nodeName),i=this.getAttributes();for(let o in i){let c=i[o];
typeof c=="string"&&s.setAttribute(o,c)}return xe(this,o=>{s.appendChild(o.toDOM(t,n,r))}),r!==void 0&&r._createAssociation(s,this),s}_write(t){t.writeTypeRef(dl),t.writeKey(this.nodeName)}},Yc=e=>new _e(
e.readKey()),Cr=class extends zt{constructor(t,n,r){super(t,r),this.childListChanged=!1,this.attributesChanged=new Set,n.forEach(s=>{s===null?this.childListChanged=!0:this.attributesChanged.add(s)})}},
Ir=class e extends be{constructor(t){super(),this.hookName=t}_copy(){return new e(this.hookName)}clone(){let t=new e(this.hookName);return this.forEach((n,r)=>{t.set(r,n)}),t}toDOM(t=document,n={},r){
let s=n[this.hookName],i;return s!==void 0?i=s.createDom(this):i=document.createElement(this.hookName),i.setAttribute("data-yjs-hook",this.hookName),r!==void 0&&r._createAssociation(i,this),i}_write(t){
t.writeTypeRef(fl),t.writeKey(this.hookName)}},Xc=e=>new Ir(e.readKey()),Dr=class e extends Se{get nextSibling(){let t=this._item?this._item.next:null;return t?t.content.type:null}get prevSibling(){let t=this.
_item?this._item.prev:null;return t?t.content.type:null}_copy(){return new e}clone(){let t=new e;return t.applyDelta(this.toDelta()),t}toDOM(t=document,n,r){let s=t.createTextNode(this.toString());return r!==
void 0&&r._createAssociation(s,this),s}toString(){return this.toDelta().map(t=>{let n=[];for(let s in t.attributes){let i=[];for(let o in t.attributes[s])i.push({key:o,value:t.attributes[s][o]});i.sort(
(o,c)=>o.key<c.key?-1:1),n.push({nodeName:s,attrs:i})}n.sort((s,i)=>s.nodeName<i.nodeName?-1:1);let r="";for(let s=0;s<n.length;s++){let i=n[s];r+=`<${i.nodeName}`;for(let o=0;o<i.attrs.length;o++){let c=i.
attrs[o];r+=` ${c.key}="${c.value}"`}r+=">"}r+=t.insert;for(let s=n.length-1;s>=0;s--)r+=`</${n[s].nodeName}>`;return r}).join("")}toJSON(){return this.toString()}_write(t){t.writeTypeRef(pl)}},Kc=e=>new Dr,
Ue=class{constructor(t,n){this.id=t,this.length=n}get deleted(){throw j()}mergeWith(t){return!1}write(t,n,r){throw j()}integrate(t,n){throw j()}},Wc=0,R=class extends Ue{get deleted(){return!0}delete(){}mergeWith(t){
return this.constructor!==t.constructor?!1:(this.length+=t.length,!0)}integrate(t,n){n>0&&(this.id.clock+=n,this.length-=n),ai(t.doc.store,this)}write(t,n){t.writeInfo(Wc),t.writeLen(this.length-n)}getMissing(t,n){
return null}},Ee=class e{constructor(t){this.content=t}getLength(){return 1}getContent(){return[this.content]}isCountable(){return!0}copy(){return new e(this.content)}splice(t){throw j()}mergeWith(t){
return!1}integrate(t,n){}delete(t){}gc(t){}write(t,n){t.writeBuf(this.content)}getRef(){return 3}},Zc=e=>new Ee(e.readBuf()),Sn=class e{constructor(t){this.len=t}getLength(){return this.len}getContent(){
return[]}isCountable(){return!1}copy(){return new e(this.len)}splice(t){let n=new e(this.len-t);return this.len=t,n}mergeWith(t){return this.len+=t.len,!0}integrate(t,n){ge(t.deleteSet,n.id.client,n.id.
clock,this.len),n.markDeleted()}delete(t){}gc(t){}write(t,n){t.writeLen(this.len-n)}getRef(){return 1}},Qc=e=>new Sn(e.readLen()),Di=(e,t)=>new bt({guid:e,...t,shouldLoad:t.shouldLoad||t.autoLoad||!1}),
Ae=class e{constructor(t){t._item&&console.error("This document was already integrated as a sub-document. You should create a second instance instead with the same guid."),this.doc=t;let n={};this.opts=
n,t.gc||(n.gc=!1),t.autoLoad&&(n.autoLoad=!0),t.meta!==null&&(n.meta=t.meta)}getLength(){return 1}getContent(){return[this.doc]}isCountable(){return!0}copy(){return new e(Di(this.doc.guid,this.opts))}splice(t){
throw j()}mergeWith(t){return!1}integrate(t,n){this.doc._item=n,t.subdocsAdded.add(this.doc),this.doc.shouldLoad&&t.subdocsLoaded.add(this.doc)}delete(t){t.subdocsAdded.has(this.doc)?t.subdocsAdded.delete(
this.doc):t.subdocsRemoved.add(this.doc)}gc(t){}write(t,n){t.writeString(this.doc.guid),t.writeAny(this.opts)}getRef(){return 9}},tl=e=>new Ae(Di(e.readString(),e.readAny())),St=class e{constructor(t){
this.embed=t}getLength(){return 1}getContent(){return[this.embed]}isCountable(){return!0}copy(){return new e(this.embed)}splice(t){throw j()}mergeWith(t){return!1}integrate(t,n){}delete(t){}gc(t){}write(t,n){
t.writeJSON(this.embed)}getRef(){return 5}},el=e=>new St(e.readJSON()),I=class e{constructor(t,n){this.key=t,this.value=n}getLength(){return 1}getContent(){return[]}isCountable(){return!1}copy(){return new e(
this.key,this.value)}splice(t){throw j()}mergeWith(t){return!1}integrate(t,n){let r=n.parent;r._searchMarker=null,r._hasFormatting=!0}delete(t){}gc(t){}write(t,n){t.writeKey(this.key),t.writeJSON(this.
value)}getRef(){return 6}},nl=e=>new I(e.readKey(),e.readJSON()),Tr=class e{constructor(t){this.arr=t}getLength(){return this.arr.length}getContent(){return this.arr}isCountable(){return!0}copy(){return new e(
this.arr)}splice(t){let n=new e(this.arr.slice(t));return this.arr=this.arr.slice(0,t),n}mergeWith(t){return this.arr=this.arr.concat(t.arr),!0}integrate(t,n){}delete(t){}gc(t){}write(t,n){let r=this.
arr.length;t.writeLen(r-n);for(let s=n;s<r;s++){let i=this.arr[s];t.writeString(i===void 0?"undefined":JSON.stringify(i))}}getRef(){return 2}},rl=e=>{let t=e.readLen(),n=[];for(let r=0;r<t;r++){let s=e.
readString();s==="undefined"?n.push(void 0):n.push(JSON.parse(s))}return new Tr(n)},sl=oe("node_env")==="development",Ht=class e{constructor(t){this.arr=t,sl&&Jn(t)}getLength(){return this.arr.length}getContent(){
return this.arr}isCountable(){return!0}copy(){return new e(this.arr)}splice(t){let n=new e(this.arr.slice(t));return this.arr=this.arr.slice(0,t),n}mergeWith(t){return this.arr=this.arr.concat(t.arr),
!0}integrate(t,n){}delete(t){}gc(t){}write(t,n){let r=this.arr.length;t.writeLen(r-n);for(let s=n;s<r;s++){let i=this.arr[s];t.writeAny(i)}}getRef(){return 8}},il=e=>{let t=e.readLen(),n=[];for(let r=0;r<
t;r++)n.push(e.readAny());return new Ht(n)},st=class e{constructor(t){this.str=t}getLength(){return this.str.length}getContent(){return this.str.split("")}isCountable(){return!0}copy(){return new e(this.
str)}splice(t){let n=new e(this.str.slice(t));this.str=this.str.slice(0,t);let r=this.str.charCodeAt(t-1);return r>=55296&&r<=56319&&(this.str=this.str.slice(0,t-1)+"\uFFFD",n.str="\uFFFD"+n.str.slice(
1)),n}mergeWith(t){return this.str+=t.str,!0}integrate(t,n){}delete(t){}gc(t){}write(t,n){t.writeString(n===0?this.str:this.str.slice(n))}getRef(){return 4}},ol=e=>new st(e.readString()),cl=[jc,qc,Hc,
Yc,Pc,Xc,Kc],ll=0,al=1,hl=2,dl=3,ul=4,fl=5,pl=6,W=class e{constructor(t){this.type=t}getLength(){return 1}getContent(){return[this.type]}isCountable(){return!0}copy(){return new e(this.type._copy())}splice(t){
throw j()}mergeWith(t){return!1}integrate(t,n){this.type._integrate(t.doc,n)}delete(t){let n=this.type._start;for(;n!==null;)n.deleted?n.id.clock<(t.beforeState.get(n.id.client)||0)&&t._mergeStructs.push(
n):n.delete(t),n=n.right;this.type._map.forEach(r=>{r.deleted?r.id.clock<(t.beforeState.get(r.id.client)||0)&&t._mergeStructs.push(r):r.delete(t)}),t.changed.delete(this.type)}gc(t){let n=this.type._start;
for(;n!==null;)n.gc(t,!0),n=n.right;this.type._start=null,this.type._map.forEach(r=>{for(;r!==null;)r.gc(t,!0),r=r.left}),this.type._map=new Map}write(t,n){this.type._write(t)}getRef(){return 7}},gl=e=>new W(
cl[e.readTypeRef()](e)),Vr=(e,t)=>{let n=t,r=0,s;do r>0&&(n=y(n.client,n.clock+r)),s=jt(e,n),r=n.clock-s.id.clock,n=s.redone;while(n!==null&&s instanceof k);return{item:s,diff:r}},Fr=(e,t)=>{for(;e!==
null&&e.keep!==t;)e.keep=t,e=e.parent._item},_n=(e,t,n)=>{let{client:r,clock:s}=t.id,i=new k(y(r,s+n),t,y(r,s+n-1),t.right,t.rightOrigin,t.parent,t.parentSub,t.content.splice(n));return t.deleted&&i.markDeleted(),
t.keep&&(i.keep=!0),t.redone!==null&&(i.redone=y(t.redone.client,t.redone.clock+n)),t.right=i,i.right!==null&&(i.right.left=i),e._mergeStructs.push(i),i.parentSub!==null&&i.right===null&&i.parent._map.
set(i.parentSub,i),t.length=n,i},Zs=(e,t)=>Kt(e,n=>Ce(n.deletions,t)),Ti=(e,t,n,r,s,i)=>{let o=e.doc,c=o.store,l=o.clientID,h=t.redone;if(h!==null)return B(e,h);let a=t.parent._item,d=null,u;if(a!==null&&
a.deleted===!0){if(a.redone===null&&(!n.has(a)||Ti(e,a,n,r,s,i)===null))return null;for(;a.redone!==null;)a=B(e,a.redone)}let f=a===null?t.parent:a.content.type;if(t.parentSub===null){for(d=t.left,u=t;d!==
null;){let S=d;for(;S!==null&&S.parent._item!==a;)S=S.redone===null?null:B(e,S.redone);if(S!==null&&S.parent._item===a){d=S;break}d=d.left}for(;u!==null;){let S=u;for(;S!==null&&S.parent._item!==a;)S=
S.redone===null?null:B(e,S.redone);if(S!==null&&S.parent._item===a){u=S;break}u=u.right}}else{if(u=null,t.right&&!s){for(d=t;d!==null&&d.right!==null&&(d.right.redone||Ce(r,d.right.id)||Zs(i.undoStack,
d.right.id)||Zs(i.redoStack,d.right.id));)for(d=d.right;d.redone;)d=B(e,d.redone);if(d&&d.right!==null)return null}else d=f._map.get(t.parentSub)||null;d!==null&&d.parent._item!==a&&(d=f._map.get(t.parentSub)||
null)}let p=_(c,l),w=y(l,p),x=new k(w,d,d&&d.lastId,u,u&&u.id,f,t.parentSub,t.content.copy());return t.redone=w,Fr(x,!0),x.integrate(e,0),x},k=class e extends Ue{constructor(t,n,r,s,i,o,c,l){super(t,l.
getLength()),this.origin=r,this.left=n,this.right=s,this.rightOrigin=i,this.parent=o,this.parentSub=c,this.redone=null,this.content=l,this.info=this.content.isCountable()?2:0}set marker(t){(this.info&
8)>0!==t&&(this.info^=8)}get marker(){return(this.info&8)>0}get keep(){return(this.info&1)>0}set keep(t){this.keep!==t&&(this.info^=1)}get countable(){return(this.info&2)>0}get deleted(){return(this.info&
4)>0}set deleted(t){this.deleted!==t&&(this.info^=4)}markDeleted(){this.info|=4}getMissing(t,n){if(this.origin&&this.origin.client!==this.id.client&&this.origin.clock>=_(n,this.origin.client))return this.
origin.client;if(this.rightOrigin&&this.rightOrigin.client!==this.id.client&&this.rightOrigin.clock>=_(n,this.rightOrigin.client))return this.rightOrigin.client;if(this.parent&&this.parent.constructor===
ht&&this.id.client!==this.parent.client&&this.parent.clock>=_(n,this.parent.client))return this.parent.client;if(this.origin&&(this.left=Gs(t,n,this.origin),this.origin=this.left.lastId),this.rightOrigin&&
(this.right=B(t,this.rightOrigin),this.rightOrigin=this.right.id),this.left&&this.left.constructor===R||this.right&&this.right.constructor===R)this.parent=null;else if(!this.parent)this.left&&this.left.
constructor===e?(this.parent=this.left.parent,this.parentSub=this.left.parentSub):this.right&&this.right.constructor===e&&(this.parent=this.right.parent,this.parentSub=this.right.parentSub);else if(this.
parent.constructor===ht){let r=jt(n,this.parent);r.constructor===R?this.parent=null:this.parent=r.content.type}return null}integrate(t,n){if(n>0&&(this.id.clock+=n,this.left=Gs(t,t.doc.store,y(this.id.
client,this.id.clock-1)),this.origin=this.left.lastId,this.content=this.content.splice(n),this.length-=n),this.parent){if(!this.left&&(!this.right||this.right.left!==null)||this.left&&this.left.right!==
this.right){let r=this.left,s;if(r!==null)s=r.right;else if(this.parentSub!==null)for(s=this.parent._map.get(this.parentSub)||null;s!==null&&s.left!==null;)s=s.left;else s=this.parent._start;let i=new Set,
o=new Set;for(;s!==null&&s!==this.right;){if(o.add(s),i.add(s),sn(this.origin,s.origin)){if(s.id.client<this.id.client)r=s,i.clear();else if(sn(this.rightOrigin,s.rightOrigin))break}else if(s.origin!==
null&&o.has(jt(t.doc.store,s.origin)))i.has(jt(t.doc.store,s.origin))||(r=s,i.clear());else break;s=s.right}this.left=r}if(this.left!==null){let r=this.left.right;this.right=r,this.left.right=this}else{
let r;if(this.parentSub!==null)for(r=this.parent._map.get(this.parentSub)||null;r!==null&&r.left!==null;)r=r.left;else r=this.parent._start,this.parent._start=this;this.right=r}this.right!==null?this.
right.left=this:this.parentSub!==null&&(this.parent._map.set(this.parentSub,this),this.left!==null&&this.left.delete(t)),this.parentSub===null&&this.countable&&!this.deleted&&(this.parent._length+=this.
length),ai(t.doc.store,this),this.content.integrate(t,this),Js(t,this.parent,this.parentSub),(this.parent._item!==null&&this.parent._item.deleted||this.parentSub!==null&&this.right!==null)&&this.delete(
t)}else new R(this.id,this.length).integrate(t,0)}get next(){let t=this.right;for(;t!==null&&t.deleted;)t=t.right;return t}get prev(){let t=this.left;for(;t!==null&&t.deleted;)t=t.left;return t}get lastId(){
return this.length===1?this.id:y(this.id.client,this.id.clock+this.length-1)}mergeWith(t){if(this.constructor===t.constructor&&sn(t.origin,this.lastId)&&this.right===t&&sn(this.rightOrigin,t.rightOrigin)&&
this.id.client===t.id.client&&this.id.clock+this.length===t.id.clock&&this.deleted===t.deleted&&this.redone===null&&t.redone===null&&this.content.constructor===t.content.constructor&&this.content.mergeWith(
t.content)){let n=this.parent._searchMarker;return n&&n.forEach(r=>{r.p===t&&(r.p=this,!this.deleted&&this.countable&&(r.index-=this.length))}),t.keep&&(this.keep=!0),this.right=t.right,this.right!==null&&
(this.right.left=this),this.length+=t.length,!0}return!1}delete(t){if(!this.deleted){let n=this.parent;this.countable&&this.parentSub===null&&(n._length-=this.length),this.markDeleted(),ge(t.deleteSet,
this.id.client,this.id.clock,this.length),Js(t,n,this.parentSub),this.content.delete(t)}}gc(t,n){if(!this.deleted)throw L();this.content.gc(t),n?Cc(t,this,new R(this.id,this.length)):this.content=new Sn(
this.length)}write(t,n){let r=n>0?y(this.id.client,this.id.clock+n-1):this.origin,s=this.rightOrigin,i=this.parentSub,o=this.content.getRef()&31|(r===null?0:128)|(s===null?0:64)|(i===null?0:32);if(t.writeInfo(
o),r!==null&&t.writeLeftID(r),s!==null&&t.writeRightID(s),r===null&&s===null){let c=this.parent;if(c._item!==void 0){let l=c._item;if(l===null){let h=li(c);t.writeParentInfo(!0),t.writeString(h)}else t.
writeParentInfo(!1),t.writeLeftID(l.id)}else c.constructor===String?(t.writeParentInfo(!0),t.writeString(c)):c.constructor===ht?(t.writeParentInfo(!1),t.writeLeftID(c)):L();i!==null&&t.writeString(i)}
this.content.write(t,n)}},Vi=(e,t)=>ml[t&31](e),ml=[()=>{L()},Qc,rl,Zc,ol,el,nl,gl,il,tl,()=>{L()}],wl=10,$=class extends Ue{get deleted(){return!0}delete(){}mergeWith(t){return this.constructor!==t.constructor?
!1:(this.length+=t.length,!0)}integrate(t,n){L()}write(t,n){t.writeInfo(wl),g(t.restEncoder,this.length-n)}getMissing(t,n){return null}},vi=typeof globalThis<"u"?globalThis:typeof window<"u"?window:typeof global<
"u"?global:{},Oi="__ $YJS$ __";vi[Oi]===!0&&console.error("Yjs was already imported. This breaks constructor checks and will lead to issues! - https://github.com/yjs/yjs/issues/438");vi[Oi]=!0;var Ni=0,Li=1,Mi=2,xl=(e,t)=>{g(e,Ni);let n=oi(t);A(e,n)},bl=(e,t,n)=>{g(e,Li),A(e,ri(t,n))},kl=(e,t,n)=>bl(t,n,V(e)),Bi=(e,t,n,r)=>{try{ni(t,V(e),n)}catch(s){r?.(s),console.error("Caught error while \
handling a Yjs update",s)}},Sl=(e,t)=>{g(e,Mi),A(e,t)},_l=Bi,Ul=(e,t,n,r,s)=>{let i=m(e);switch(i){case Ni:kl(e,t,n);break;case Li:Bi(e,n,r,s);break;case Mi:_l(e,n,r,s);break;default:throw new Error("\
Unknown message type")}return i};var jr=3e4,qr=class extends Ve{constructor(t){super(),this.doc=t,this.clientID=t.clientID,this.states=new Map,this.meta=new Map,this._checkInterval=setInterval(()=>{let n=nt();this.getLocalState()!==null&&
jr/2<=n-this.meta.get(this.clientID).lastUpdated&&this.setLocalState(this.getLocalState());let r=[];this.meta.forEach((s,i)=>{i!==this.clientID&&jr<=n-s.lastUpdated&&this.states.has(i)&&r.push(i)}),r.
length>0&&El(this,r,"timeout")},v(jr/10)),t.on("destroy",()=>{this.destroy()}),this.setLocalState({})}destroy(){this.emit("destroy",[this]),this.setLocalState(null),super.destroy(),clearInterval(this.
_checkInterval)}getLocalState(){return this.states.get(this.clientID)||null}setLocalState(t){let n=this.clientID,r=this.meta.get(n),s=r===void 0?0:r.clock+1,i=this.states.get(n);t===null?this.states.delete(
n):this.states.set(n,t),this.meta.set(n,{clock:s,lastUpdated:nt()});let o=[],c=[],l=[],h=[];t===null?h.push(n):i==null?t!=null&&o.push(n):(c.push(n),ct(i,t)||l.push(n)),(o.length>0||l.length>0||h.length>
0)&&this.emit("change",[{added:o,updated:l,removed:h},"local"]),this.emit("update",[{added:o,updated:c,removed:h},"local"])}setLocalStateField(t,n){let r=this.getLocalState();r!==null&&this.setLocalState(
{...r,[t]:n})}getStates(){return this.states}},El=(e,t,n)=>{let r=[];for(let s=0;s<t.length;s++){let i=t[s];if(e.states.has(i)){if(e.states.delete(i),i===e.clientID){let o=e.meta.get(i);e.meta.set(i,{
clock:o.clock+1,lastUpdated:nt()})}r.push(i)}}r.length>0&&(e.emit("change",[{added:[],updated:[],removed:r},n]),e.emit("update",[{added:[],updated:[],removed:r},n]))},Al=(e,t,n=e.states)=>{let r=t.length,
s=ot();g(s,r);for(let i=0;i<r;i++){let o=t[i],c=n.get(o)||null,l=e.meta.get(o).clock;g(s,o),g(s,l),tt(s,JSON.stringify(c))}return M(s)};var Cl=(e,t,n)=>{let r=H(t),s=nt(),i=[],o=[],c=[],l=[],h=m(r);for(let a=0;a<h;a++){let d=m(r),u=m(r),f=JSON.parse(et(r)),p=e.meta.get(d),w=e.states.get(d),x=p===void 0?0:p.clock;(x<u||x===u&&f===null&&
e.states.has(d))&&(f===null?d===e.clientID&&e.getLocalState()!=null?u++:e.states.delete(d):e.states.set(d,f),e.meta.set(d,{clock:u,lastUpdated:s}),p===void 0&&f!==null?i.push(d):p!==void 0&&f===null?l.
push(d):f!==null&&(ct(f,w)||c.push(d),o.push(d)))}(i.length>0||c.length>0||l.length>0)&&e.emit("change",[{added:i,updated:c,removed:l},n]),(i.length>0||o.length>0||l.length>0)&&e.emit("update",[{added:i,
updated:o,removed:l},n])};export{qr as Awareness,bt as Doc,Sr as UndoManager,Cl as applyAwarenessUpdate,Uc as createAbsolutePositionFromRelativePosition,H as createDecoder,ot as createEncoder,bc as createRelativePositionFromJSON,
Sc as createRelativePositionFromTypeIndex,Al as encodeAwarenessUpdate,ui as mergeUpdates,Ul as readSyncMessage,m as readVarUint,V as readVarUint8Array,xc as relativePositionToJSON,M as toUint8Array,xl as writeSyncStep1,
Sl as writeUpdate,g as writeVarUint,A as writeVarUint8Array};
