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
var D=()=>new Map,De=e=>{let t=D();return e.forEach((n,r)=>{t.set(r,n)}),t},G=(e,t,n)=>{let r=e.get(t);return r===void 0&&e.set(t,r=n()),r},Pr=(e,t)=>{let n=[];for(let[r,s]of e)n.push(t(s,r));return n},
Wr=(e,t)=>{for(let[n,r]of e)if(t(r,n))return!0;return!1};var z=()=>new Set;var Te=e=>e[e.length-1];var Yr=(e,t)=>{for(let n=0;n<t.length;n++)e.push(t[n])},H=Array.from,Ve=(e,t)=>{for(let n=0;n<e.length;n++)if(!t(e[n],n,e))return!1;return!0},Kt=(e,t)=>{for(let n=0;n<e.length;n++)if(t(e[n],n,e))return!0;
return!1};var Xr=(e,t)=>{let n=new Array(e);for(let r=0;r<e;r++)n[r]=t(r,n);return n};var Q=Array.isArray;var Qt=class{constructor(){this._observers=D()}on(t,n){return G(this._observers,t,z).add(n),n}once(t,n){let r=(...s)=>{this.off(t,r),n(...s)};this.on(t,r)}off(t,n){let r=this._observers.get(t);r!==void 0&&
(r.delete(n),r.size===0&&this._observers.delete(t))}emit(t,n){return H((this._observers.get(t)||D()).values()).forEach(r=>r(...n))}destroy(){this._observers=D()}},ve=class{constructor(){this._observers=
D()}on(t,n){G(this._observers,t,z).add(n)}once(t,n){let r=(...s)=>{this.off(t,r),n(...s)};this.on(t,r)}off(t,n){let r=this._observers.get(t);r!==void 0&&(r.delete(n),r.size===0&&this._observers.delete(
t))}emit(t,n){return H((this._observers.get(t)||D()).values()).forEach(r=>r(...n))}destroy(){this._observers=D()}};var v=Math.floor;var pt=Math.abs;var Oe=(e,t)=>e<t?e:t,tt=(e,t)=>e>t?e:t,Rl=Number.isNaN;var Ne=e=>e!==0?e<0:1/e<0;var Et=Number.MAX_SAFE_INTEGER,Dn=Number.MIN_SAFE_INTEGER,$l=1<<31;var Kr=Number.isInteger||(e=>typeof e=="number"&&isFinite(e)&&v(e)===e),Fl=Number.isNaN,jl=Number.parseInt;var Vn=String.fromCharCode,Fi=String.fromCodePoint,ql=Vn(65535),ji=e=>e.toLowerCase(),qi=/^\s*/g,Gi=e=>e.replace(qi,""),Hi=/([A-Z])/g,vn=(e,t)=>Gi(e.replace(Hi,n=>`${t}${ji(n)}`));var zi=e=>{let t=unescape(encodeURIComponent(e)),n=t.length,r=new Uint8Array(n);for(let s=0;s<n;s++)r[s]=t.codePointAt(s);return r},Ct=typeof TextEncoder<"u"?new TextEncoder:null,Ji=e=>Ct.encode(e),Zr=Ct?
Ji:zi;var At=typeof TextDecoder>"u"?null:new TextDecoder("utf-8",{fatal:!0,ignoreBOM:!0});At&&At.decode(new Uint8Array).length===1&&(At=null);var Qr=(e,t)=>Xr(t,()=>e).join("");var gt=class{constructor(){this.cpos=0,this.cbuf=new Uint8Array(100),this.bufs=[]}},ct=()=>new gt;var Pi=e=>{let t=e.cpos;for(let n=0;n<e.bufs.length;n++)t+=e.bufs[n].length;return t};var B=e=>{let t=new Uint8Array(Pi(e)),n=0;for(let r=0;r<e.bufs.length;r++){let s=e.bufs[r];t.set(s,n),n+=s.length}return t.set(new Uint8Array(e.cbuf.buffer,0,e.cpos),n),t},Wi=(e,t)=>{let n=e.cbuf.length;
n-e.cpos<t&&(e.bufs.push(new Uint8Array(e.cbuf.buffer,0,e.cpos)),e.cbuf=new Uint8Array(tt(n,t)*2),e.cpos=0)},T=(e,t)=>{let n=e.cbuf.length;e.cpos===n&&(e.bufs.push(e.cbuf),e.cbuf=new Uint8Array(n*2),e.
cpos=0),e.cbuf[e.cpos++]=t};var Be=T;var g=(e,t)=>{for(;t>127;)T(e,128|127&t),t=v(t/128);T(e,127&t)},Re=(e,t)=>{let n=Ne(t);for(n&&(t=-t),T(e,(t>63?128:0)|(n?64:0)|63&t),t=v(t/64);t>0;)T(e,(t>127?128:0)|127&t),t=v(t/128)},On=new Uint8Array(
3e4),Yi=On.length/3,Xi=(e,t)=>{if(t.length<Yi){let n=Ct.encodeInto(t,On).written||0;g(e,n);for(let r=0;r<n;r++)T(e,On[r])}else A(e,Zr(t))},Ki=(e,t)=>{let n=unescape(encodeURIComponent(t)),r=n.length;g(
e,r);for(let s=0;s<r;s++)T(e,n.codePointAt(s))},et=Ct&&Ct.encodeInto?Xi:Ki;var ee=(e,t)=>{let n=e.cbuf.length,r=e.cpos,s=Oe(n-r,t.length),i=t.length-s;e.cbuf.set(t.subarray(0,s),r),e.cpos+=s,i>0&&(e.bufs.push(e.cbuf),e.cbuf=new Uint8Array(tt(n*2,i)),e.cbuf.set(t.subarray(s)),
e.cpos=i)},A=(e,t)=>{g(e,t.byteLength),ee(e,t)},Nn=(e,t)=>{Wi(e,t);let n=new DataView(e.cbuf.buffer,e.cpos,t);return e.cpos+=t,n},Zi=(e,t)=>Nn(e,4).setFloat32(0,t,!1),Qi=(e,t)=>Nn(e,8).setFloat64(0,t,
!1),to=(e,t)=>Nn(e,8).setBigInt64(0,t,!1);var es=new DataView(new ArrayBuffer(4)),eo=e=>(es.setFloat32(0,e),es.getFloat32(0)===e),Dt=(e,t)=>{switch(typeof t){case"string":T(e,119),et(e,t);break;case"number":Kr(t)&&pt(t)<=2147483647?(T(e,125),
Re(e,t)):eo(t)?(T(e,124),Zi(e,t)):(T(e,123),Qi(e,t));break;case"bigint":T(e,122),to(e,t);break;case"object":if(t===null)T(e,126);else if(Q(t)){T(e,117),g(e,t.length);for(let n=0;n<t.length;n++)Dt(e,t[n])}else if(t instanceof
Uint8Array)T(e,116),A(e,t);else{T(e,118);let n=Object.keys(t);g(e,n.length);for(let r=0;r<n.length;r++){let s=n[r];et(e,s),Dt(e,t[s])}}break;case"boolean":T(e,t?120:121);break;default:T(e,127)}},te=class extends gt{constructor(t){
super(),this.w=t,this.s=null,this.count=0}write(t){this.s===t?this.count++:(this.count>0&&g(this,this.count-1),this.count=1,this.w(this,t),this.s=t)}};var ns=e=>{e.count>0&&(Re(e.encoder,e.count===1?e.s:-e.s),e.count>1&&g(e.encoder,e.count-2))},mt=class{constructor(){this.encoder=new gt,this.s=0,this.count=0}write(t){this.s===t?this.count++:(ns(this),
this.count=1,this.s=t)}toUint8Array(){return ns(this),B(this.encoder)}};var rs=e=>{if(e.count>0){let t=e.diff*2+(e.count===1?0:1);Re(e.encoder,t),e.count>1&&g(e.encoder,e.count-2)}},Tt=class{constructor(){this.encoder=new gt,this.s=0,this.count=0,this.diff=0}write(t){this.
diff===t-this.s?(this.s=t,this.count++):(rs(this),this.count=1,this.diff=t-this.s,this.s=t)}toUint8Array(){return rs(this),B(this.encoder)}},Me=class{constructor(){this.sarr=[],this.s="",this.lensE=new mt}write(t){
this.s+=t,this.s.length>19&&(this.sarr.push(this.s),this.s=""),this.lensE.write(t.length)}toUint8Array(){let t=new gt;return this.sarr.push(this.s),this.s="",et(t,this.sarr.join("")),ee(t,this.lensE.toUint8Array()),
B(t)}};var j=e=>new Error(e),q=()=>{throw j("Method unimplemented")},L=()=>{throw j("Unexpected case")};var Fe=j("Unexpected end of array"),ss=j("Integer out of Range"),no=(e,t,n)=>{if(t<0||n<0||t+n>e.length)throw Fe;return new Uint8Array(e.buffer,e.byteOffset+t,n)},ro=(e,t,n)=>{if(t<0||n<0||t+n>e.length)
throw Fe;return new DataView(e.buffer,e.byteOffset+t,n)},Vt=class{constructor(t){this.arr=t,this.pos=0}},J=e=>new Vt(e),is=e=>e.pos!==e.arr.length;var so=(e,t)=>{let n=no(e.arr,e.pos,t);return e.pos+=t,n},V=e=>so(e,m(e));var wt=e=>e.arr[e.pos++];var m=e=>{let t=0,n=1,r=e.arr.length;for(;e.pos<r;){let s=e.arr[e.pos++];if(t=t+(s&127)*n,n*=128,s<128)return t;if(t>Et)throw ss}throw Fe},je=e=>{let t=e.arr[e.pos++],n=t&63,r=64,s=(t&64)>0?-1:1;if((t&
128)===0)return s*n;let i=e.arr.length;for(;e.pos<i;){if(t=e.arr[e.pos++],n=n+(t&127)*r,r*=128,t<128)return s*n;if(n>Et)throw ss}throw Fe};var io=e=>{let t=m(e);if(t===0)return"";{let n=String.fromCodePoint(wt(e));if(--t<100)for(;t--;)n+=String.fromCodePoint(wt(e));else for(;t>0;){let r=t<1e4?t:1e4,s=e.arr.subarray(e.pos,e.pos+r);e.pos+=
r,n+=String.fromCodePoint.apply(null,s),t-=r}return decodeURIComponent(escape(n))}},oo=e=>At.decode(V(e)),nt=At?oo:io;var Bn=(e,t)=>{let n=ro(e.arr,e.pos,t);return e.pos+=t,n},co=e=>Bn(e,4).getFloat32(0,!1),lo=e=>Bn(e,8).getFloat64(0,!1),ao=e=>Bn(e,8).getBigInt64(0,!1);var ho=[e=>{},e=>null,je,co,lo,ao,e=>!1,e=>!0,nt,e=>{let t=m(e),n={};for(let r=0;r<t;r++){let s=nt(e);n[s]=vt(e)}return n},e=>{let t=m(e),n=[];for(let r=0;r<t;r++)n.push(vt(e));return n},V],vt=e=>ho[127-
wt(e)](e),ne=class extends Vt{constructor(t,n){super(t),this.reader=n,this.s=null,this.count=0}read(){return this.count===0&&(this.s=this.reader(this),is(this)?this.count=m(this)+1:this.count=-1),this.
count--,this.s}};var yt=class extends Vt{constructor(t){super(t),this.s=0,this.count=0}read(){if(this.count===0){this.s=je(this);let t=Ne(this.s);this.count=1,t&&(this.s=-this.s,this.count=m(this)+2)}return this.count--,
this.s}};var Ot=class extends Vt{constructor(t){super(t),this.s=0,this.count=0,this.diff=0}read(){if(this.count===0){let t=je(this),n=t&1;this.diff=v(t/2),this.count=1,n&&(this.count=m(this)+2)}return this.s+=
this.diff,this.count--,this.s}},$e=class{constructor(t){this.decoder=new yt(t),this.str=nt(this.decoder),this.spos=0}read(){let t=this.spos+this.decoder.read(),n=this.str.slice(this.spos,t);return this.
spos=t,n}};var zl=crypto.subtle,os=crypto.getRandomValues.bind(crypto);var $n=()=>os(new Uint32Array(1))[0];var uo="10000000-1000-4000-8000"+-1e11,cs=()=>uo.replace(/[018]/g,e=>(e^$n()&15>>e/4).toString(16));var rt=Date.now;var jn=e=>new Promise(e);var Wl=Promise.all.bind(Promise);var qn=e=>e===void 0?null:e;var Gn=class{constructor(){this.map=new Map}setItem(t,n){this.map.set(t,n)}getItem(t){return this.map.get(t)}},ls=new Gn,mo=!0;try{typeof window<"u"&&typeof localStorage<"u"&&localStorage&&(ls=localStorage,
mo=!1)}catch{}var as=ls;var xt=Symbol("Equality"),qe=(e,t)=>e===t||!!e?.[xt]?.(t)||!1;var hs=e=>typeof e=="object",ds=Object.assign,yo=Object.keys;var us=(e,t)=>{for(let n in e)t(e[n],n)};var re=e=>yo(e).length;var fs=e=>{for(let t in e)return!1;return!0},Nt=(e,t)=>{for(let n in e)if(!t(e[n],n))return!1;return!0},se=(e,t)=>Object.prototype.hasOwnProperty.call(e,t),zn=(e,t)=>e===t||re(e)===re(t)&&Nt(e,(n,r)=>(n!==
void 0||se(t,r))&&qe(t[r],n)),xo=Object.freeze,Jn=e=>{for(let t in e){let n=e[t];(typeof n=="object"||typeof n=="function")&&Jn(e[t])}return xo(e)};var ie=(e,t,n=0)=>{try{for(;n<e.length;n++)e[n](...t)}finally{n<e.length&&ie(e,t,n+1)}};var ps=e=>e;var lt=(e,t)=>{if(e===t)return!0;if(e==null||t==null||e.constructor!==t.constructor&&(e.constructor||Object)!==(t.constructor||Object))return!1;if(e[xt]!=null)return e[xt](t);switch(e.constructor){case ArrayBuffer:
e=new Uint8Array(e),t=new Uint8Array(t);case Uint8Array:{if(e.byteLength!==t.byteLength)return!1;for(let n=0;n<e.length;n++)if(e[n]!==t[n])return!1;break}case Set:{if(e.size!==t.size)return!1;for(let n of e)
if(!t.has(n))return!1;break}case Map:{if(e.size!==t.size)return!1;for(let n of e.keys())if(!t.has(n)||!lt(e.get(n),t.get(n)))return!1;break}case void 0:case Object:if(re(e)!==re(t))return!1;for(let n in e)
if(!se(e,n)||!lt(e[n],t[n]))return!1;break;case Array:if(e.length!==t.length)return!1;for(let n=0;n<e.length;n++)if(!lt(e[n],t[n]))return!1;break;default:return!1}return!0},gs=(e,t)=>t.includes(e);var oe=typeof process<"u"&&process.release&&/node|io\.js/.test(process.release.name)&&Object.prototype.toString.call(typeof process<"u"?process:0)==="[object process]";var Yl=typeof navigator<"u"?/Mac/.test(navigator.platform):!1,P,bo=[],ko=()=>{if(P===void 0)if(oe){P=D();let e=process.argv,t=null;for(let n=0;n<e.length;n++){let r=e[n];r[0]==="-"?(t!==null&&P.set(t,
""),t=r):t!==null?(P.set(t,r),t=null):bo.push(r)}t!==null&&P.set(t,"")}else typeof location=="object"?(P=D(),(location.search||"?").slice(1).split("&").forEach(e=>{if(e.length!==0){let[t,n]=e.split("=");
P.set(`--${vn(t,"-")}`,n),P.set(`-${vn(t,"-")}`,n)}})):P=D();return P},Wn=e=>ko().has(e);var ce=e=>oe?qn(process.env[e.toUpperCase().replaceAll("-","_")]):qn(as.getItem(e));var ms=e=>Wn("--"+e)||ce(e)!==null,ws=ms("production"),So=oe&&gs(process.env.FORCE_COLOR,["true","1","2"]),ys=So||!Wn("--no-colors")&&!ms("no-color")&&(!oe||process.stdout.isTTY)&&(!oe||Wn("--color")||
ce("COLORTERM")!==null||(ce("TERM")||"").includes("color"));var _o=e=>new Uint8Array(e);var xs=e=>{let t=_o(e.byteLength);return t.set(e),t};var Xn=class{constructor(t,n){this.left=t,this.right=n}},W=(e,t)=>new Xn(e,t);var Kn=e=>e.next()>=.5,He=(e,t,n)=>v(e.next()*(n+1-t)+t);var Zn=(e,t,n)=>v(e.next()*(n+1-t)+t);var Qn=(e,t,n)=>Zn(e,t,n);var Ao=e=>Vn(Qn(e,97,122)),bs=(e,t=0,n=20)=>{let r=Qn(e,t,n),s="";for(let i=0;i<r;i++)s+=Ao(e);return s};var ze=(e,t)=>t[Qn(e,0,t.length-1)];var Io=Symbol("0schema"),tr=class{constructor(){this._rerrs=[]}extend(t,n,r,s=null){this._rerrs.push({path:t,expected:n,has:r,message:s})}toString(){let t=[];for(let n=this._rerrs.length-1;n>0;n--){let r=this.
_rerrs[n];t.push(Qr(" ",(this._rerrs.length-n)*2)+`${r.path!=null?`[${r.path}] `:""}${r.has} doesn't match ${r.expected}. ${r.message}`)}return t.join(`
`)}},er=(e,t)=>e===t?!0:e==null||t==null||e.constructor!==t.constructor?!1:e[xt]?qe(e,t):Q(e)?Ve(e,n=>Kt(t,r=>er(n,r))):hs(e)?Nt(e,(n,r)=>er(n,t[r])):!1,O=class{static _dilutes=!1;extends(t){let[n,r]=[
this.shape,t.shape];return this.constructor._dilutes&&([r,n]=[n,r]),er(n,r)}equals(t){return this.constructor===t.constructor&&lt(this.shape,t.shape)}[Io](){return!0}[xt](t){return this.equals(t)}validate(t){
return this.check(t)}check(t,n){q()}get nullable(){return $t(this,rn)}get optional(){return new Je(this)}cast(t){return ks(t,this),t}expect(t){return ks(t,this),t}},le=class extends O{constructor(t,n){
super(),this.shape=t,this._c=n}check(t,n=void 0){let r=t?.constructor===this.shape&&(this._c==null||this._c(t));return!r&&n?.extend(null,this.shape.name,t?.constructor.name,t?.constructor!==this.shape?
"Constructor match failed":"Check failed"),r}},U=(e,t=null)=>new le(e,t),Kl=U(le),ae=class extends O{constructor(t){super(),this.shape=t}check(t,n){let r=this.shape(t);return!r&&n?.extend(null,"custom\
 prop",t?.constructor.name,"failed to check custom prop"),r}},C=e=>new ae(e),Zl=U(ae),Bt=class extends O{constructor(t){super(),this.shape=t}check(t,n){let r=this.shape.some(s=>s===t);return!r&&n?.extend(
null,this.shape.join(" | "),t.toString()),r}},en=(...e)=>new Bt(e),Ss=U(Bt),Do=RegExp.escape||(e=>e.replace(/[().|&,$^[\]]/g,t=>"\\"+t)),_s=e=>{if(Rt.check(e))return[Do(e)];if(Ss.check(e))return e.shape.
map(t=>t+"");if(Is.check(e))return["[+-]?\\d+.?\\d*"];if(Ds.check(e))return[".*"];if(Qe.check(e))return e.shape.map(_s).flat(1);L()},nr=class extends O{constructor(t){super(),this.shape=t,this._r=new RegExp(
"^"+t.map(_s).map(n=>`(${n.join("|")})`).join("")+"$")}check(t,n){let r=this._r.exec(t)!=null;return!r&&n?.extend(null,this._r.toString(),t.toString(),"String doesn't match string template."),r}};var Ql=U(nr),To=Symbol("optional"),Je=class extends O{constructor(t){super(),this.shape=t}check(t,n){let r=t===void 0||this.shape.check(t);return!r&&n?.extend(null,"undefined (optional)","()"),r}get[To](){
return!0}},Vo=U(Je),Pe=class extends O{check(t,n){return n?.extend(null,"never",typeof t),!1}},ta=new Pe,ea=U(Pe),We=class e extends O{constructor(t,n=!1){super(),this.shape=t,this._isPartial=n}static _dilutes=!0;get partial(){
return new e(this.shape,!0)}check(t,n){return t==null?(n?.extend(null,"object","null"),!1):Nt(this.shape,(r,s)=>{let i=this._isPartial&&!se(t,s)||r.check(t[s],n);return!i&&n?.extend(s.toString(),r.toString(),
typeof t[s],"Object property does not match"),i})}},vo=e=>new We(e),Oo=U(We),No=C(e=>e!=null&&(e.constructor===Object||e.constructor==null)),Ye=class extends O{constructor(t,n){super(),this.shape={keys:t,
values:n}}check(t,n){return t!=null&&Nt(t,(r,s)=>{let i=this.shape.keys.check(s,n);return!i&&n?.extend(s+"","Record",typeof t,i?"Key doesn't match schema":"Value doesn't match value"),i&&this.shape.values.
check(r,n)})}},Us=(e,t)=>new Ye(e,t),Lo=U(Ye),Xe=class extends O{constructor(t){super(),this.shape=t}check(t,n){return t!=null&&Nt(this.shape,(r,s)=>{let i=r.check(t[s],n);return!i&&n?.extend(s.toString(),
"Tuple",typeof r),i})}},Mo=(...e)=>new Xe(e),na=U(Xe),Ke=class extends O{constructor(t){super(),this.shape=t.length===1?t[0]:new he(t)}check(t,n){let r=Q(t)&&Ve(t,s=>this.shape.check(s));return!r&&n?.
extend(null,"Array",""),r}},Es=(...e)=>new Ke(e),Bo=U(Ke),Ro=C(e=>Q(e)),Ze=class extends O{constructor(t,n){super(),this.shape=t,this._c=n}check(t,n){let r=t instanceof this.shape&&(this._c==null||this.
_c(t));return!r&&n?.extend(null,this.shape.name,t?.constructor.name),r}},$o=(e,t=null)=>new Ze(e,t),ra=U(Ze),Fo=$o(O),rr=class extends O{constructor(t){super(),this.len=t.length-1,this.args=Mo(...t.slice(
-1)),this.res=t[this.len]}check(t,n){let r=t.constructor===Function&&t.length<=this.len;return!r&&n?.extend(null,"function",typeof t),r}};var jo=U(rr),qo=C(e=>typeof e=="function"),sr=class extends O{constructor(t){super(),this.shape=t}check(t,n){let r=Ve(this.shape,s=>s.check(t,n));return!r&&n?.extend(null,"Intersectinon",typeof t),r}};var sa=U(sr,e=>e.shape.length>0),he=class extends O{static _dilutes=!0;constructor(t){super(),this.shape=t}check(t,n){let r=Kt(this.shape,s=>s.check(t,n));return n?.extend(null,"Union",typeof t),r}},$t=(...e)=>e.
findIndex(t=>Qe.check(t))>=0?$t(...e.map(t=>de(t)).map(t=>Qe.check(t)?t.shape:[t]).flat(1)):e.length===1?e[0]:new he(e),Qe=U(he),As=()=>!0,tn=C(As),Go=U(ae,e=>e.shape===As),or=C(e=>typeof e=="bigint"),
Ho=C(e=>e===or),Cs=C(e=>typeof e=="symbol"),ia=C(e=>e===Cs),Mt=C(e=>typeof e=="number"),Is=C(e=>e===Mt),Rt=C(e=>typeof e=="string"),Ds=C(e=>e===Rt),nn=C(e=>typeof e=="boolean"),zo=C(e=>e===nn),Ts=en(void 0),
oa=U(Bt,e=>e.shape.length===1&&e.shape[0]===void 0),ca=en(void 0);var rn=en(null),Jo=U(Bt,e=>e.shape.length===1&&e.shape[0]===null),la=U(Uint8Array),aa=U(le,e=>e.shape===Uint8Array),Po=$t(Mt,Rt,rn,Ts,or,nn,Cs),ha=(()=>{let e=Es(tn),t=Us(Rt,tn),n=$t(Mt,Rt,rn,nn,e,t);
return e.shape=n,t.shape.values=n,n})(),de=e=>{if(Fo.check(e))return e;if(No.check(e)){let t={};for(let n in e)t[n]=de(e[n]);return vo(t)}else{if(Ro.check(e))return $t(...e.map(de));if(Po.check(e))return en(
e);if(qo.check(e))return U(e)}L()},ks=ws?()=>{}:(e,t)=>{let n=new tr;if(!t.check(e,n))throw j(`Expected value to be of type ${t.constructor.name}.
${n.toString()}`)},ir=class{constructor(t){this.patterns=[],this.$state=t}if(t,n){return this.patterns.push({if:de(t),h:n}),this}else(t){return this.if(tn,t)}done(){return(t,n)=>{for(let r=0;r<this.patterns.
length;r++){let s=this.patterns[r];if(s.if.check(t))return s.h(t,n)}throw j("Unhandled pattern")}}},Wo=e=>new ir(e),Vs=Wo(tn).if(Is,(e,t)=>He(t,Dn,Et)).if(Ds,(e,t)=>bs(t)).if(zo,(e,t)=>Kn(t)).if(Ho,(e,t)=>BigInt(
He(t,Dn,Et))).if(Qe,(e,t)=>Lt(t,ze(t,e.shape))).if(Oo,(e,t)=>{let n={};for(let r in e.shape){let s=e.shape[r];if(Vo.check(s)){if(Kn(t))continue;s=s.shape}n[r]=Vs(s,t)}return n}).if(Bo,(e,t)=>{let n=[],
r=Zn(t,0,42);for(let s=0;s<r;s++)n.push(Lt(t,e.shape));return n}).if(Ss,(e,t)=>ze(t,e.shape)).if(Jo,(e,t)=>null).if(jo,(e,t)=>{let n=Lt(t,e.res);return()=>n}).if(Go,(e,t)=>Lt(t,ze(t,[Mt,Rt,rn,Ts,or,nn,
Es(Mt),Us($t("a","b","c"),Mt)]))).if(Lo,(e,t)=>{let n={},r=He(t,0,3);for(let s=0;s<r;s++){let i=Lt(t,e.shape.keys),o=Lt(t,e.shape.values);n[i]=o}return n}).done(),Lt=(e,t)=>Vs(de(t),e);var bt=typeof document<"u"?document:{};var da=C(e=>e.nodeType===Qo);var ua=typeof DOMParser<"u"?new DOMParser:null;var fa=C(e=>e.nodeType===Xo);var pa=C(e=>e.nodeType===Ko);var vs=e=>Pr(e,(t,n)=>`${n}:${t};`).join("");var Xo=bt.ELEMENT_NODE,Ko=bt.TEXT_NODE,ga=bt.CDATA_SECTION_NODE,ma=bt.COMMENT_NODE,Zo=bt.DOCUMENT_NODE,wa=bt.DOCUMENT_TYPE_NODE,Qo=bt.DOCUMENT_FRAGMENT_NODE,ya=C(e=>e.nodeType===Zo);var Y=Symbol;var ue=Y(),fe=Y(),cr=Y(),lr=Y(),ar=Y(),pe=Y(),hr=Y(),Ft=Y(),dr=Y(),Os=e=>{e.length===1&&e[0]?.constructor===Function&&(e=e[0]());let t=[],n=[],r=0;for(;r<e.length;r++){let s=e[r];if(s===void 0)break;if(s.
constructor===String||s.constructor===Number)t.push(s);else if(s.constructor===Object)break}for(r>0&&n.push(t.join(""));r<e.length;r++){let s=e[r];s instanceof Symbol||n.push(s)}return n};var xa=rt();var rc={[ue]:W("font-weight","bold"),[fe]:W("font-weight","normal"),[cr]:W("color","blue"),[ar]:W("color","green"),[lr]:W("color","grey"),[pe]:W("color","red"),[hr]:W("color","purple"),[Ft]:W("color",
"orange"),[dr]:W("color","black")},sc=e=>{e.length===1&&e[0]?.constructor===Function&&(e=e[0]());let t=[],n=[],r=D(),s=[],i=0;for(;i<e.length;i++){let o=e[i],c=rc[o];if(c!==void 0)r.set(c.left,c.right);else{
if(o===void 0)break;if(o.constructor===String||o.constructor===Number){let l=vs(r);i>0||l.length>0?(t.push("%c"+o),n.push(l)):t.push(o)}else break}}for(i>0&&(s=n,s.unshift(t.join("")));i<e.length;i++){
let o=e[i];o instanceof Symbol||s.push(o)}return s},Ns=ys?sc:Os,Ls=(...e)=>{console.log(...Ns(e)),Ms.forEach(t=>t.print(e))},ur=(...e)=>{console.warn(...Ns(e)),e.unshift(Ft),Ms.forEach(t=>t.print(e))};var Ms=z();var Bs=e=>({[Symbol.iterator](){return this},next:e}),Rs=(e,t)=>Bs(()=>{let n;do n=e.next();while(!n.done&&!t(n.value));return n}),sn=(e,t)=>Bs(()=>{let{done:n,value:r}=e.next();return{done:n,value:n?
void 0:t(r)}});var Gt=class{constructor(t,n){this.clock=t,this.len=n}},ut=class{constructor(){this.clients=new Map}},Ht=(e,t,n)=>t.clients.forEach((r,s)=>{let i=e.doc.store.clients.get(s);if(i!=null){let o=i[i.length-
1],c=o.id.clock+o.length;for(let l=0,d=r[l];l<r.length&&d.clock<c;d=r[++l])ui(e,i,d.clock,d.len,n)}}),ac=(e,t)=>{let n=0,r=e.length-1;for(;n<=r;){let s=v((n+r)/2),i=e[s],o=i.clock;if(o<=t){if(t<o+i.len)
return s;n=s+1}else r=s-1}return null},Ie=(e,t)=>{let n=e.clients.get(t.client);return n!==void 0&&ac(n,t.clock)!==null},Nr=e=>{e.clients.forEach(t=>{t.sort((s,i)=>s.clock-i.clock);let n,r;for(n=1,r=1;n<
t.length;n++){let s=t[r-1],i=t[n];s.clock+s.len>=i.clock?t[r-1]=new Gt(s.clock,tt(s.len,i.clock+i.len-s.clock)):(r<n&&(t[r]=i),r++)}t.length=r})},pr=e=>{let t=new ut;for(let n=0;n<e.length;n++)e[n].clients.
forEach((r,s)=>{if(!t.clients.has(s)){let i=r.slice();for(let o=n+1;o<e.length;o++)Yr(i,e[o].clients.get(s)||[]);t.clients.set(s,i)}});return Nr(t),t},me=(e,t,n,r)=>{G(e.clients,t,()=>[]).push(new Gt(
n,r))},ei=()=>new ut,hc=e=>{let t=ei();return e.clients.forEach((n,r)=>{let s=[];for(let i=0;i<n.length;i++){let o=n[i];if(o.deleted){let c=o.id.clock,l=o.length;if(i+1<n.length)for(let d=n[i+1];i+1<n.
length&&d.deleted;d=n[++i+1])l+=d.length;s.push(new Gt(c,l))}}s.length>0&&t.clients.set(r,s)}),t},Wt=(e,t)=>{g(e.restEncoder,t.clients.size),H(t.clients.entries()).sort((n,r)=>r[0]-n[0]).forEach(([n,r])=>{
e.resetDsCurVal(),g(e.restEncoder,n);let s=r.length;g(e.restEncoder,s);for(let i=0;i<s;i++){let o=r[i];e.writeDsClock(o.clock),e.writeDsLen(o.len)}})},Lr=e=>{let t=new ut,n=m(e.restDecoder);for(let r=0;r<
n;r++){e.resetDsCurVal();let s=m(e.restDecoder),i=m(e.restDecoder);if(i>0){let o=G(t.clients,s,()=>[]);for(let c=0;c<i;c++)o.push(new Gt(e.readDsClock(),e.readDsLen()))}}return t},js=(e,t,n)=>{let r=new ut,
s=m(e.restDecoder);for(let i=0;i<s;i++){e.resetDsCurVal();let o=m(e.restDecoder),c=m(e.restDecoder),l=n.clients.get(o)||[],d=_(n,o);for(let a=0;a<c;a++){let h=e.readDsClock(),u=h+e.readDsLen();if(h<d){
d<u&&me(r,o,d,u-d);let f=X(l,h),p=l[f];for(!p.deleted&&p.id.clock<h&&(l.splice(f+1,0,Un(t,p,h-p.id.clock)),f++);f<l.length&&(p=l[f++],p.id.clock<u);)p.deleted||(u<p.id.clock+p.length&&l.splice(f,0,Un(
t,p,u-p.id.clock)),p.delete(t))}else me(r,o,h,u-h)}}if(r.clients.size>0){let i=new st;return g(i.restEncoder,0),Wt(i,r),i.toUint8Array()}return null};var ni=$n,kt=class e extends Qt{constructor({guid:t=cs(),collectionid:n=null,gc:r=!0,gcFilter:s=()=>!0,meta:i=null,autoLoad:o=!1,shouldLoad:c=!0}={}){super(),this.gc=r,this.gcFilter=s,this.clientID=ni(),
this.guid=t,this.collectionid=n,this.share=new Map,this.store=new yn,this._transaction=null,this._transactionCleanups=[],this.subdocs=new Set,this._item=null,this.shouldLoad=c,this.autoLoad=o,this.meta=
i,this.isLoaded=!1,this.isSynced=!1,this.isDestroyed=!1,this.whenLoaded=jn(d=>{this.on("load",()=>{this.isLoaded=!0,d(this)})});let l=()=>jn(d=>{let a=h=>{(h===void 0||h===!0)&&(this.off("sync",a),d())};
this.on("sync",a)});this.on("sync",d=>{d===!1&&this.isSynced&&(this.whenSynced=l()),this.isSynced=d===void 0||d===!0,this.isSynced&&!this.isLoaded&&this.emit("load",[this])}),this.whenSynced=l()}load(){
let t=this._item;t!==null&&!this.shouldLoad&&b(t.parent.doc,n=>{n.subdocsLoaded.add(this)},null,!0),this.shouldLoad=!0}getSubdocs(){return this.subdocs}getSubdocGuids(){return new Set(H(this.subdocs).
map(t=>t.guid))}transact(t,n=null){return b(this,t,n)}get(t,n=E){let r=G(this.share,t,()=>{let i=new n;return i._integrate(this,null),i}),s=r.constructor;if(n!==E&&s!==n)if(s===E){let i=new n;i._map=r.
_map,r._map.forEach(o=>{for(;o!==null;o=o.left)o.parent=i}),i._start=r._start;for(let o=i._start;o!==null;o=o.right)o.parent=i;return i._length=r._length,this.share.set(t,i),i._integrate(this,null),i}else
throw new Error(`Type with the name ${t} has already been defined with a different constructor`);return r}getArray(t=""){return this.get(t,Sn)}getText(t=""){return this.get(t,_e)}getMap(t=""){return this.
get(t,ke)}getXmlElement(t=""){return this.get(t,Ue)}getXmlFragment(t=""){return this.get(t,Jt)}toJSON(){let t={};return this.share.forEach((n,r)=>{t[r]=n.toJSON()}),t}destroy(){this.isDestroyed=!0,H(this.
subdocs).forEach(n=>n.destroy());let t=this._item;if(t!==null){this._item=null;let n=t.content;n.doc=new e({guid:this.guid,...n.opts,shouldLoad:!1}),n.doc._item=t,b(t.parent.doc,r=>{let s=n.doc;t.deleted||
r.subdocsAdded.add(s),r.subdocsRemoved.add(this)},null,!0)}this.emit("destroyed",[!0]),this.emit("destroy",[this]),super.destroy()}},un=class{constructor(t){this.restDecoder=t}resetDsCurVal(){}readDsClock(){
return m(this.restDecoder)}readDsLen(){return m(this.restDecoder)}},fn=class extends un{readLeftID(){return y(m(this.restDecoder),m(this.restDecoder))}readRightID(){return y(m(this.restDecoder),m(this.
restDecoder))}readClient(){return m(this.restDecoder)}readInfo(){return wt(this.restDecoder)}readString(){return nt(this.restDecoder)}readParentInfo(){return m(this.restDecoder)===1}readTypeRef(){return m(
this.restDecoder)}readLen(){return m(this.restDecoder)}readAny(){return vt(this.restDecoder)}readBuf(){return xs(V(this.restDecoder))}readJSON(){return JSON.parse(nt(this.restDecoder))}readKey(){return nt(
this.restDecoder)}},gr=class{constructor(t){this.dsCurrVal=0,this.restDecoder=t}resetDsCurVal(){this.dsCurrVal=0}readDsClock(){return this.dsCurrVal+=m(this.restDecoder),this.dsCurrVal}readDsLen(){let t=m(
this.restDecoder)+1;return this.dsCurrVal+=t,t}},ft=class extends gr{constructor(t){super(t),this.keys=[],m(t),this.keyClockDecoder=new Ot(V(t)),this.clientDecoder=new yt(V(t)),this.leftClockDecoder=new Ot(
V(t)),this.rightClockDecoder=new Ot(V(t)),this.infoDecoder=new ne(V(t),wt),this.stringDecoder=new $e(V(t)),this.parentInfoDecoder=new ne(V(t),wt),this.typeRefDecoder=new yt(V(t)),this.lenDecoder=new yt(
V(t))}readLeftID(){return new dt(this.clientDecoder.read(),this.leftClockDecoder.read())}readRightID(){return new dt(this.clientDecoder.read(),this.rightClockDecoder.read())}readClient(){return this.clientDecoder.
read()}readInfo(){return this.infoDecoder.read()}readString(){return this.stringDecoder.read()}readParentInfo(){return this.parentInfoDecoder.read()===1}readTypeRef(){return this.typeRefDecoder.read()}readLen(){
return this.lenDecoder.read()}readAny(){return vt(this.restDecoder)}readBuf(){return V(this.restDecoder)}readJSON(){return vt(this.restDecoder)}readKey(){let t=this.keyClockDecoder.read();if(t<this.keys.
length)return this.keys[t];{let n=this.stringDecoder.read();return this.keys.push(n),n}}},pn=class{constructor(){this.restEncoder=ct()}toUint8Array(){return B(this.restEncoder)}resetDsCurVal(){}writeDsClock(t){
g(this.restEncoder,t)}writeDsLen(t){g(this.restEncoder,t)}},St=class extends pn{writeLeftID(t){g(this.restEncoder,t.client),g(this.restEncoder,t.clock)}writeRightID(t){g(this.restEncoder,t.client),g(this.
restEncoder,t.clock)}writeClient(t){g(this.restEncoder,t)}writeInfo(t){Be(this.restEncoder,t)}writeString(t){et(this.restEncoder,t)}writeParentInfo(t){g(this.restEncoder,t?1:0)}writeTypeRef(t){g(this.
restEncoder,t)}writeLen(t){g(this.restEncoder,t)}writeAny(t){Dt(this.restEncoder,t)}writeBuf(t){A(this.restEncoder,t)}writeJSON(t){et(this.restEncoder,JSON.stringify(t))}writeKey(t){et(this.restEncoder,
t)}},gn=class{constructor(){this.restEncoder=ct(),this.dsCurrVal=0}toUint8Array(){return B(this.restEncoder)}resetDsCurVal(){this.dsCurrVal=0}writeDsClock(t){let n=t-this.dsCurrVal;this.dsCurrVal=t,g(
this.restEncoder,n)}writeDsLen(t){t===0&&L(),g(this.restEncoder,t-1),this.dsCurrVal+=t}},st=class extends gn{constructor(){super(),this.keyMap=new Map,this.keyClock=0,this.keyClockEncoder=new Tt,this.
clientEncoder=new mt,this.leftClockEncoder=new Tt,this.rightClockEncoder=new Tt,this.infoEncoder=new te(Be),this.stringEncoder=new Me,this.parentInfoEncoder=new te(Be),this.typeRefEncoder=new mt,this.
lenEncoder=new mt}toUint8Array(){let t=ct();return g(t,0),A(t,this.keyClockEncoder.toUint8Array()),A(t,this.clientEncoder.toUint8Array()),A(t,this.leftClockEncoder.toUint8Array()),A(t,this.rightClockEncoder.
toUint8Array()),A(t,B(this.infoEncoder)),A(t,this.stringEncoder.toUint8Array()),A(t,B(this.parentInfoEncoder)),A(t,this.typeRefEncoder.toUint8Array()),A(t,this.lenEncoder.toUint8Array()),ee(t,B(this.restEncoder)),
B(t)}writeLeftID(t){this.clientEncoder.write(t.client),this.leftClockEncoder.write(t.clock)}writeRightID(t){this.clientEncoder.write(t.client),this.rightClockEncoder.write(t.clock)}writeClient(t){this.
clientEncoder.write(t)}writeInfo(t){this.infoEncoder.write(t)}writeString(t){this.stringEncoder.write(t)}writeParentInfo(t){this.parentInfoEncoder.write(t?1:0)}writeTypeRef(t){this.typeRefEncoder.write(
t)}writeLen(t){this.lenEncoder.write(t)}writeAny(t){Dt(this.restEncoder,t)}writeBuf(t){A(this.restEncoder,t)}writeJSON(t){Dt(this.restEncoder,t)}writeKey(t){let n=this.keyMap.get(t);n===void 0?(this.keyClockEncoder.
write(this.keyClock++),this.stringEncoder.write(t)):this.keyClockEncoder.write(n)}},dc=(e,t,n,r)=>{r=tt(r,t[0].id.clock);let s=X(t,r);g(e.restEncoder,t.length-s),e.writeClient(n),g(e.restEncoder,r);let i=t[s];
i.write(e,r-i.id.clock);for(let o=s+1;o<t.length;o++)t[o].write(e,0)},Mr=(e,t,n)=>{let r=new Map;n.forEach((s,i)=>{_(t,i)>s&&r.set(i,s)}),En(t).forEach((s,i)=>{n.has(i)||r.set(i,0)}),g(e.restEncoder,r.
size),H(r.entries()).sort((s,i)=>i[0]-s[0]).forEach(([s,i])=>{dc(e,t.clients.get(s),s,i)})},uc=(e,t)=>{let n=D(),r=m(e.restDecoder);for(let s=0;s<r;s++){let i=m(e.restDecoder),o=new Array(i),c=e.readClient(),
l=m(e.restDecoder);n.set(c,{i:0,refs:o});for(let d=0;d<i;d++){let a=e.readInfo();switch(31&a){case 0:{let h=e.readLen();o[d]=new $(y(c,l),h),l+=h;break}case 10:{let h=m(e.restDecoder);o[d]=new F(y(c,l),
h),l+=h;break}default:{let h=(a&192)===0,u=new k(y(c,l),null,(a&128)===128?e.readLeftID():null,null,(a&64)===64?e.readRightID():null,h?e.readParentInfo()?t.get(e.readString()):e.readLeftID():null,h&&(a&
32)===32?e.readString():null,Oi(e,a));o[d]=u,l+=u.length}}}}return n},fc=(e,t,n)=>{let r=[],s=H(n.keys()).sort((f,p)=>f-p);if(s.length===0)return null;let i=()=>{if(s.length===0)return null;let f=n.get(
s[s.length-1]);for(;f.refs.length===f.i;)if(s.pop(),s.length>0)f=n.get(s[s.length-1]);else return null;return f},o=i();if(o===null)return null;let c=new yn,l=new Map,d=(f,p)=>{let w=l.get(f);(w==null||
w>p)&&l.set(f,p)},a=o.refs[o.i++],h=new Map,u=()=>{for(let f of r){let p=f.id.client,w=n.get(p);w?(w.i--,c.clients.set(p,w.refs.slice(w.i)),n.delete(p),w.i=0,w.refs=[]):c.clients.set(p,[f]),s=s.filter(
x=>x!==p)}r.length=0};for(;;){if(a.constructor!==F){let p=G(h,a.id.client,()=>_(t,a.id.client))-a.id.clock;if(p<0)r.push(a),d(a.id.client,a.id.clock-1),u();else{let w=a.getMissing(e,t);if(w!==null){r.
push(a);let x=n.get(w)||{refs:[],i:0};if(x.refs.length===x.i)d(w,_(t,w)),u();else{a=x.refs[x.i++];continue}}else(p===0||p<a.length)&&(a.integrate(e,p),h.set(a.id.client,a.id.clock+a.length))}}if(r.length>
0)a=r.pop();else if(o!==null&&o.i<o.refs.length)a=o.refs[o.i++];else{if(o=i(),o===null)break;a=o.refs[o.i++]}}if(c.clients.size>0){let f=new st;return Mr(f,c,new Map),g(f.restEncoder,0),{missing:l,update:f.
toUint8Array()}}return null},pc=(e,t)=>Mr(e,t.doc.store,t.beforeState),gc=(e,t,n,r=new ft(e))=>b(t,s=>{s.local=!1;let i=!1,o=s.doc,c=o.store,l=uc(r,o),d=fc(s,c,l),a=c.pendingStructs;if(a){for(let[u,f]of a.
missing)if(f<_(c,u)){i=!0;break}if(d){for(let[u,f]of d.missing){let p=a.missing.get(u);(p==null||p>f)&&a.missing.set(u,f)}a.update=xn([a.update,d.update])}}else c.pendingStructs=d;let h=js(r,s,c);if(c.
pendingDs){let u=new ft(J(c.pendingDs));m(u.restDecoder);let f=js(u,s,c);h&&f?c.pendingDs=xn([h,f]):c.pendingDs=h||f}else c.pendingDs=h;if(i){let u=c.pendingStructs.update;c.pendingStructs=null,ri(s.doc,
u)}},n,!1);var ri=(e,t,n,r=ft)=>{let s=J(t);gc(s,e,n,new r(s))},si=(e,t,n)=>ri(e,t,n,fn),mc=(e,t,n=new Map)=>{Mr(e,t.store,n),Wt(e,hc(t.store))},wc=(e,t=new Uint8Array([0]),n=new st)=>{let r=oi(t);mc(n,e,r);let s=[
n.toUint8Array()];if(e.store.pendingDs&&s.push(e.store.pendingDs),e.store.pendingStructs&&s.push(Nc(e.store.pendingStructs.update,t)),s.length>1){if(n.constructor===St)return pi(s.map((i,o)=>o===0?i:Mc(
i)));if(n.constructor===st)return xn(s)}return s[0]},ii=(e,t)=>wc(e,t,new St),yc=e=>{let t=new Map,n=m(e.restDecoder);for(let r=0;r<n;r++){let s=m(e.restDecoder),i=m(e.restDecoder);t.set(s,i)}return t},
oi=e=>yc(new un(J(e))),ci=(e,t)=>(g(e.restEncoder,t.size),H(t.entries()).sort((n,r)=>r[0]-n[0]).forEach(([n,r])=>{g(e.restEncoder,n),g(e.restEncoder,r)}),e),xc=(e,t)=>ci(e,En(t.store)),bc=(e,t=new gn)=>(e instanceof
Map?ci(t,e):xc(t,e),t.toUint8Array()),li=e=>bc(e,new pn),mr=class{constructor(){this.l=[]}},qs=()=>new mr,Gs=(e,t)=>e.l.push(t),Hs=(e,t)=>{let n=e.l,r=n.length;e.l=n.filter(s=>t!==s),r===e.l.length&&console.
error("[yjs] Tried to remove event handler that doesn't exist.")},ai=(e,t,n)=>ie(e.l,[t,n]),dt=class{constructor(t,n){this.client=t,this.clock=n}},on=(e,t)=>e===t||e!==null&&t!==null&&e.client===t.client&&
e.clock===t.clock,y=(e,t)=>new dt(e,t);var hi=e=>{for(let[t,n]of e.doc.share.entries())if(n===e)return t;throw L()},mn=(e,t)=>{for(;t!==null;){if(t.parent===e)return!0;t=t.parent._item}return!1};var wn=class{constructor(t,n,r,s=0){this.type=t,this.tname=n,this.item=r,this.assoc=s}},kc=e=>{let t={};return e.type&&(t.type=e.type),e.tname&&(t.tname=e.tname),e.item&&(t.item=e.item),e.assoc!=null&&
(t.assoc=e.assoc),t},Sc=e=>new wn(e.type==null?null:y(e.type.client,e.type.clock),e.tname??null,e.item==null?null:y(e.item.client,e.item.clock),e.assoc==null?0:e.assoc),wr=class{constructor(t,n,r=0){this.
type=t,this.index=n,this.assoc=r}},_c=(e,t,n=0)=>new wr(e,t,n),cn=(e,t,n)=>{let r=null,s=null;return e._item===null?s=hi(e):r=y(e._item.id.client,e._item.id.clock),new wn(r,s,t,n)},Uc=(e,t,n=0)=>{let r=e.
_start;if(n<0){if(t===0)return cn(e,null,n);t--}for(;r!==null;){if(!r.deleted&&r.countable){if(r.length>t)return cn(e,y(r.id.client,r.id.clock+t),n);t-=r.length}if(r.right===null&&n<0)return cn(e,r.lastId,
n);r=r.right}return cn(e,null,n)};var Ec=(e,t)=>{let n=qt(e,t),r=t.clock-n.id.clock;return{item:n,diff:r}},Ac=(e,t,n=!0)=>{let r=t.store,s=e.item,i=e.type,o=e.tname,c=e.assoc,l=null,d=0;if(s!==null){if(_(r,s.client)<=s.clock)return null;
let a=n?vr(r,s):Ec(r,s),h=a.item;if(!(h instanceof k))return null;if(l=h.parent,l._item===null||!l._item.deleted){d=h.deleted||!h.countable?0:a.diff+(c>=0?0:1);let u=h.left;for(;u!==null;)!u.deleted&&
u.countable&&(d+=u.length),u=u.left}}else{if(o!==null)l=t.get(o);else if(i!==null){if(_(r,i.client)<=i.clock)return null;let{item:a}=n?vr(r,i):{item:qt(r,i)};if(a instanceof k&&a.content instanceof K)
l=a.content.type;else return null}else throw L();c>=0?d=l._length:d=0}return _c(l,d,e.assoc)};var yr=class{constructor(t,n){this.ds=t,this.sv=n}};var Cc=(e,t)=>new yr(e,t),Ta=Cc(ei(),new Map);var jt=(e,t)=>t===void 0?!e.deleted:t.sv.has(e.id.client)&&(t.sv.get(e.id.client)||0)>e.id.clock&&!Ie(t.ds,e.id),xr=(e,t)=>{let n=G(e.meta,xr,z),r=e.doc.store;n.has(t)||(t.sv.forEach((s,i)=>{s<_(r,i)&&
R(e,y(i,s))}),Ht(e,t.ds,s=>{}),n.add(t))};var yn=class{constructor(){this.clients=new Map,this.pendingStructs=null,this.pendingDs=null}},En=e=>{let t=new Map;return e.clients.forEach((n,r)=>{let s=n[n.length-1];t.set(r,s.id.clock+s.length)}),
t},_=(e,t)=>{let n=e.clients.get(t);if(n===void 0)return 0;let r=n[n.length-1];return r.id.clock+r.length},di=(e,t)=>{let n=e.clients.get(t.id.client);if(n===void 0)n=[],e.clients.set(t.id.client,n);else{
let r=n[n.length-1];if(r.id.clock+r.length!==t.id.clock)throw L()}n.push(t)},X=(e,t)=>{let n=0,r=e.length-1,s=e[r],i=s.id.clock;if(i===t)return r;let o=v(t/(i+s.length-1)*r);for(;n<=r;){if(s=e[o],i=s.
id.clock,i<=t){if(t<i+s.length)return o;n=o+1}else r=o-1;o=v((n+r)/2)}throw L()},Ic=(e,t)=>{let n=e.clients.get(t.client);return n[X(n,t.clock)]},qt=Ic,br=(e,t,n)=>{let r=X(t,n),s=t[r];return s.id.clock<
n&&s instanceof k?(t.splice(r+1,0,Un(e,s,n-s.id.clock)),r+1):r},R=(e,t)=>{let n=e.doc.store.clients.get(t.client);return n[br(e,n,t.clock)]},zs=(e,t,n)=>{let r=t.clients.get(n.client),s=X(r,n.clock),i=r[s];
return n.clock!==i.id.clock+i.length-1&&i.constructor!==$&&r.splice(s+1,0,Un(e,i,n.clock-i.id.clock+1)),i},Dc=(e,t,n)=>{let r=e.clients.get(t.id.client);r[X(r,t.id.clock)]=n},ui=(e,t,n,r,s)=>{if(r===0)
return;let i=n+r,o=br(e,t,n),c;do c=t[o++],i<c.id.clock+c.length&&br(e,t,i),s(c);while(o<t.length&&t[o].id.clock<i)},kr=class{constructor(t,n,r){this.doc=t,this.deleteSet=new ut,this.beforeState=En(t.
store),this.afterState=new Map,this.changed=new Map,this.changedParentTypes=new Map,this._mergeStructs=[],this.origin=n,this.meta=new Map,this.local=r,this.subdocsAdded=new Set,this.subdocsRemoved=new Set,
this.subdocsLoaded=new Set,this._needFormattingCleanup=!1}},Js=(e,t)=>t.deleteSet.clients.size===0&&!Wr(t.afterState,(n,r)=>t.beforeState.get(r)!==n)?!1:(Nr(t.deleteSet),pc(e,t),Wt(e,t.deleteSet),!0),
Ps=(e,t,n)=>{let r=t._item;(r===null||r.id.clock<(e.beforeState.get(r.id.client)||0)&&!r.deleted)&&G(e.changed,t,z).add(n)},hn=(e,t)=>{let n=e[t],r=e[t-1],s=t;for(;s>0;n=r,r=e[--s-1]){if(r.deleted===n.
deleted&&r.constructor===n.constructor&&r.mergeWith(n)){n instanceof k&&n.parentSub!==null&&n.parent._map.get(n.parentSub)===n&&n.parent._map.set(n.parentSub,r);continue}break}let i=t-s;return i&&e.splice(
t+1-i,i),i},Tc=(e,t,n)=>{for(let[r,s]of e.clients.entries()){let i=t.clients.get(r);for(let o=s.length-1;o>=0;o--){let c=s[o],l=c.clock+c.len;for(let d=X(i,c.clock),a=i[d];d<i.length&&a.id.clock<l;a=i[++d]){
let h=i[d];if(c.clock+c.len<=h.id.clock)break;h instanceof k&&h.deleted&&!h.keep&&n(h)&&h.gc(t,!1)}}}},Vc=(e,t)=>{e.clients.forEach((n,r)=>{let s=t.clients.get(r);for(let i=n.length-1;i>=0;i--){let o=n[i],
c=Oe(s.length-1,1+X(s,o.clock+o.len-1));for(let l=c,d=s[l];l>0&&d.id.clock>=o.clock;d=s[l])l-=1+hn(s,l)}})};var fi=(e,t)=>{if(t<e.length){let n=e[t],r=n.doc,s=r.store,i=n.deleteSet,o=n._mergeStructs;try{Nr(i),n.afterState=En(n.doc.store),r.emit("beforeObserverCalls",[n,r]);let c=[];n.changed.forEach((l,d)=>c.
push(()=>{(d._item===null||!d._item.deleted)&&d._callObserver(n,l)})),c.push(()=>{n.changedParentTypes.forEach((l,d)=>{d._dEH.l.length>0&&(d._item===null||!d._item.deleted)&&c.push(()=>{l=l.filter(a=>a.
target._item===null||!a.target._item.deleted),l.forEach(a=>{a.currentTarget=d,a._path=null}),l.sort((a,h)=>a.path.length-h.path.length),ai(d._dEH,l,n)})}),c.push(()=>r.emit("afterTransaction",[n,r])),
c.push(()=>{n._needFormattingCleanup&&Pc(n)})}),ie(c,[])}finally{r.gc&&Tc(i,s,r.gcFilter),Vc(i,s),n.afterState.forEach((a,h)=>{let u=n.beforeState.get(h)||0;if(u!==a){let f=s.clients.get(h),p=tt(X(f,u),
1);for(let w=f.length-1;w>=p;)w-=1+hn(f,w)}});for(let a=o.length-1;a>=0;a--){let{client:h,clock:u}=o[a].id,f=s.clients.get(h),p=X(f,u);p+1<f.length&&hn(f,p+1)>1||p>0&&hn(f,p)}if(!n.local&&n.afterState.
get(r.clientID)!==n.beforeState.get(r.clientID)&&(Ls(Ft,ue,"[yjs] ",fe,pe,"Changed the client-id because another client seems to be using it."),r.clientID=ni()),r.emit("afterTransactionCleanup",[n,r]),
r._observers.has("update")){let a=new St;Js(a,n)&&r.emit("update",[a.toUint8Array(),n.origin,r,n])}if(r._observers.has("updateV2")){let a=new st;Js(a,n)&&r.emit("updateV2",[a.toUint8Array(),n.origin,r,
n])}let{subdocsAdded:c,subdocsLoaded:l,subdocsRemoved:d}=n;(c.size>0||d.size>0||l.size>0)&&(c.forEach(a=>{a.clientID=r.clientID,a.collectionid==null&&(a.collectionid=r.collectionid),r.subdocs.add(a)}),
d.forEach(a=>r.subdocs.delete(a)),r.emit("subdocs",[{loaded:l,added:c,removed:d},r,n]),d.forEach(a=>a.destroy())),e.length<=t+1?(r._transactionCleanups=[],r.emit("afterAllTransactions",[r,e])):fi(e,t+
1)}}},b=(e,t,n=null,r=!0)=>{let s=e._transactionCleanups,i=!1,o=null;e._transaction===null&&(i=!0,e._transaction=new kr(e,n,r),s.push(e._transaction),s.length===1&&e.emit("beforeAllTransactions",[e]),
e.emit("beforeTransaction",[e._transaction,e]));try{o=t(e._transaction)}finally{if(i){let c=e._transaction===s[0];e._transaction=null,c&&fi(s,0)}}return o},Sr=class{constructor(t,n){this.insertions=n,
this.deletions=t,this.meta=new Map}},Ws=(e,t,n)=>{Ht(e,n.deletions,r=>{r instanceof k&&t.scope.some(s=>s===e.doc||mn(s,r))&&jr(r,!1)})},Ys=(e,t,n)=>{let r=null,s=e.doc,i=e.scope;b(s,c=>{for(;t.length>
0&&e.currStackItem===null;){let l=s.store,d=t.pop(),a=new Set,h=[],u=!1;Ht(c,d.insertions,f=>{if(f instanceof k){if(f.redone!==null){let{item:p,diff:w}=vr(l,f.id);w>0&&(p=R(c,y(p.id.client,p.id.clock+
w))),f=p}!f.deleted&&i.some(p=>p===c.doc||mn(p,f))&&h.push(f)}}),Ht(c,d.deletions,f=>{f instanceof k&&i.some(p=>p===c.doc||mn(p,f))&&!Ie(d.insertions,f.id)&&a.add(f)}),a.forEach(f=>{u=vi(c,f,a,d.insertions,
e.ignoreRemoteMapChanges,e)!==null||u});for(let f=h.length-1;f>=0;f--){let p=h[f];e.deleteFilter(p)&&(p.delete(c),u=!0)}e.currStackItem=u?d:null}c.changed.forEach((l,d)=>{l.has(null)&&d._searchMarker&&
(d._searchMarker.length=0)}),r=c},e);let o=e.currStackItem;if(o!=null){let c=r.changedParentTypes;e.emit("stack-item-popped",[{stackItem:o,type:n,changedParentTypes:c,origin:e},e]),e.currStackItem=null}
return o},_r=class extends Qt{constructor(t,{captureTimeout:n=500,captureTransaction:r=l=>!0,deleteFilter:s=()=>!0,trackedOrigins:i=new Set([null]),ignoreRemoteMapChanges:o=!1,doc:c=Q(t)?t[0].doc:t instanceof
kt?t:t.doc}={}){super(),this.scope=[],this.doc=c,this.addToScope(t),this.deleteFilter=s,i.add(this),this.trackedOrigins=i,this.captureTransaction=r,this.undoStack=[],this.redoStack=[],this.undoing=!1,
this.redoing=!1,this.currStackItem=null,this.lastChange=0,this.ignoreRemoteMapChanges=o,this.captureTimeout=n,this.afterTransactionHandler=l=>{if(!this.captureTransaction(l)||!this.scope.some(x=>l.changedParentTypes.
has(x)||x===this.doc)||!this.trackedOrigins.has(l.origin)&&(!l.origin||!this.trackedOrigins.has(l.origin.constructor)))return;let d=this.undoing,a=this.redoing,h=d?this.redoStack:this.undoStack;d?this.
stopCapturing():a||this.clear(!1,!0);let u=new ut;l.afterState.forEach((x,S)=>{let zr=l.beforeState.get(S)||0,Jr=x-zr;Jr>0&&me(u,S,zr,Jr)});let f=rt(),p=!1;if(this.lastChange>0&&f-this.lastChange<this.
captureTimeout&&h.length>0&&!d&&!a){let x=h[h.length-1];x.deletions=pr([x.deletions,l.deleteSet]),x.insertions=pr([x.insertions,u])}else h.push(new Sr(l.deleteSet,u)),p=!0;!d&&!a&&(this.lastChange=f),
Ht(l,l.deleteSet,x=>{x instanceof k&&this.scope.some(S=>S===l.doc||mn(S,x))&&jr(x,!0)});let w=[{stackItem:h[h.length-1],origin:l.origin,type:d?"redo":"undo",changedParentTypes:l.changedParentTypes},this];
p?this.emit("stack-item-added",w):this.emit("stack-item-updated",w)},this.destroy=this.destroy.bind(this),this.doc.on("afterTransaction",this.afterTransactionHandler),this.doc.on("destroy",this.destroy)}addToScope(t){
let n=new Set(this.scope);t=Q(t)?t:[t],t.forEach(r=>{n.has(r)||(n.add(r),(r instanceof E?r.doc!==this.doc:r!==this.doc)&&ur("[yjs#509] Not same Y.Doc"),this.scope.push(r))})}addTrackedOrigin(t){this.trackedOrigins.
add(t)}removeTrackedOrigin(t){this.trackedOrigins.delete(t)}clear(t=!0,n=!0){(t&&this.canUndo()||n&&this.canRedo())&&this.doc.transact(r=>{t&&(this.undoStack.forEach(s=>Ws(r,this,s)),this.undoStack=[]),
n&&(this.redoStack.forEach(s=>Ws(r,this,s)),this.redoStack=[]),this.emit("stack-cleared",[{undoStackCleared:t,redoStackCleared:n}])})}stopCapturing(){this.lastChange=0}undo(){this.undoing=!0;let t;try{
t=Ys(this,this.undoStack,"undo")}finally{this.undoing=!1}return t}redo(){this.redoing=!0;let t;try{t=Ys(this,this.redoStack,"redo")}finally{this.redoing=!1}return t}canUndo(){return this.undoStack.length>
0}canRedo(){return this.redoStack.length>0}destroy(){this.trackedOrigins.delete(this),this.doc.off("afterTransaction",this.afterTransactionHandler),this.doc.off("destroy",this.destroy),super.destroy()}};
function*vc(e){let t=m(e.restDecoder);for(let n=0;n<t;n++){let r=m(e.restDecoder),s=e.readClient(),i=m(e.restDecoder);for(let o=0;o<r;o++){let c=e.readInfo();if(c===10){let l=m(e.restDecoder);yield new F(
y(s,i),l),i+=l}else if((31&c)!==0){let l=(c&192)===0,d=new k(y(s,i),null,(c&128)===128?e.readLeftID():null,null,(c&64)===64?e.readRightID():null,l?e.readParentInfo()?e.readString():e.readLeftID():null,
l&&(c&32)===32?e.readString():null,Oi(e,c));yield d,i+=d.length}else{let l=e.readLen();yield new $(y(s,i),l),i+=l}}}}var we=class{constructor(t,n){this.gen=vc(t),this.curr=null,this.done=!1,this.filterSkips=
n,this.next()}next(){do this.curr=this.gen.next().value||null;while(this.filterSkips&&this.curr!==null&&this.curr.constructor===F);return this.curr}};var ye=class{constructor(t){this.currClient=0,this.startClock=0,this.written=0,this.encoder=t,this.clientStructs=[]}},pi=e=>xn(e,fn,St);var Oc=(e,t)=>{if(e.constructor===$){let{client:n,clock:r}=e.id;return new $(y(n,r+t),e.length-t)}else if(e.constructor===F){let{client:n,clock:r}=e.id;return new F(y(n,r+t),e.length-t)}else{let n=e,{
client:r,clock:s}=n.id;return new k(y(r,s+t),null,y(r,s+t-1),null,n.rightOrigin,n.parent,n.parentSub,n.content.splice(t))}},xn=(e,t=ft,n=st)=>{if(e.length===1)return e[0];let r=e.map(a=>new t(J(a))),s=r.
map(a=>new we(a,!0)),i=null,o=new n,c=new ye(o);for(;s=s.filter(u=>u.curr!==null),s.sort((u,f)=>{if(u.curr.id.client===f.curr.id.client){let p=u.curr.id.clock-f.curr.id.clock;return p===0?u.curr.constructor===
f.curr.constructor?0:u.curr.constructor===F?1:-1:p}else return f.curr.id.client-u.curr.id.client}),s.length!==0;){let a=s[0],h=a.curr.id.client;if(i!==null){let u=a.curr,f=!1;for(;u!==null&&u.id.clock+
u.length<=i.struct.id.clock+i.struct.length&&u.id.client>=i.struct.id.client;)u=a.next(),f=!0;if(u===null||u.id.client!==h||f&&u.id.clock>i.struct.id.clock+i.struct.length)continue;if(h!==i.struct.id.
client)at(c,i.struct,i.offset),i={struct:u,offset:0},a.next();else if(i.struct.id.clock+i.struct.length<u.id.clock)if(i.struct.constructor===F)i.struct.length=u.id.clock+u.length-i.struct.id.clock;else{
at(c,i.struct,i.offset);let p=u.id.clock-i.struct.id.clock-i.struct.length;i={struct:new F(y(h,i.struct.id.clock+i.struct.length),p),offset:0}}else{let p=i.struct.id.clock+i.struct.length-u.id.clock;p>
0&&(i.struct.constructor===F?i.struct.length-=p:u=Oc(u,p)),i.struct.mergeWith(u)||(at(c,i.struct,i.offset),i={struct:u,offset:0},a.next())}}else i={struct:a.curr,offset:0},a.next();for(let u=a.curr;u!==
null&&u.id.client===h&&u.id.clock===i.struct.id.clock+i.struct.length&&u.constructor!==F;u=a.next())at(c,i.struct,i.offset),i={struct:u,offset:0}}i!==null&&(at(c,i.struct,i.offset),i=null),Br(c);let l=r.
map(a=>Lr(a)),d=pr(l);return Wt(o,d),o.toUint8Array()},Nc=(e,t,n=ft,r=st)=>{let s=oi(t),i=new r,o=new ye(i),c=new n(J(e)),l=new we(c,!1);for(;l.curr;){let a=l.curr,h=a.id.client,u=s.get(h)||0;if(l.curr.
constructor===F){l.next();continue}if(a.id.clock+a.length>u)for(at(o,a,tt(u-a.id.clock,0)),l.next();l.curr&&l.curr.id.client===h;)at(o,l.curr,0),l.next();else for(;l.curr&&l.curr.id.client===h&&l.curr.
id.clock+l.curr.length<=u;)l.next()}Br(o);let d=Lr(c);return Wt(i,d),i.toUint8Array()};var gi=e=>{e.written>0&&(e.clientStructs.push({written:e.written,restEncoder:B(e.encoder.restEncoder)}),e.encoder.restEncoder=ct(),e.written=0)},at=(e,t,n)=>{e.written>0&&e.currClient!==t.id.client&&gi(
e),e.written===0&&(e.currClient=t.id.client,e.encoder.writeClient(t.id.client),g(e.encoder.restEncoder,t.id.clock+n)),t.write(e.encoder,n),e.written++},Br=e=>{gi(e);let t=e.encoder.restEncoder;g(t,e.clientStructs.
length);for(let n=0;n<e.clientStructs.length;n++){let r=e.clientStructs[n];g(t,r.written),ee(t,r.restEncoder)}},Lc=(e,t,n,r)=>{let s=new n(J(e)),i=new we(s,!1),o=new r,c=new ye(o);for(let d=i.curr;d!==
null;d=i.next())at(c,t(d),0);Br(c);let l=Lr(s);return Wt(o,l),o.toUint8Array()};var Mc=e=>Lc(e,ps,ft,St),Xs="You must not compute changes after the event-handler fired.",zt=class{constructor(t,n){this.target=t,this.currentTarget=t,this.transaction=n,this._changes=null,this._keys=
null,this._delta=null,this._path=null}get path(){return this._path||(this._path=Bc(this.currentTarget,this.target))}deletes(t){return Ie(this.transaction.deleteSet,t.id)}get keys(){if(this._keys===null){
if(this.transaction.doc._transactionCleanups.length===0)throw j(Xs);let t=new Map,n=this.target;this.transaction.changed.get(n).forEach(s=>{if(s!==null){let i=n._map.get(s),o,c;if(this.adds(i)){let l=i.
left;for(;l!==null&&this.adds(l);)l=l.left;if(this.deletes(i))if(l!==null&&this.deletes(l))o="delete",c=Te(l.content.getContent());else return;else l!==null&&this.deletes(l)?(o="update",c=Te(l.content.
getContent())):(o="add",c=void 0)}else if(this.deletes(i))o="delete",c=Te(i.content.getContent());else return;t.set(s,{action:o,oldValue:c})}}),this._keys=t}return this._keys}get delta(){return this.changes.
delta}adds(t){return t.id.clock>=(this.transaction.beforeState.get(t.id.client)||0)}get changes(){let t=this._changes;if(t===null){if(this.transaction.doc._transactionCleanups.length===0)throw j(Xs);let n=this.
target,r=z(),s=z(),i=[];if(t={added:r,deleted:s,delta:i,keys:this.keys},this.transaction.changed.get(n).has(null)){let c=null,l=()=>{c&&i.push(c)};for(let d=n._start;d!==null;d=d.right)d.deleted?this.
deletes(d)&&!this.adds(d)&&((c===null||c.delete===void 0)&&(l(),c={delete:0}),c.delete+=d.length,s.add(d)):this.adds(d)?((c===null||c.insert===void 0)&&(l(),c={insert:[]}),c.insert=c.insert.concat(d.content.
getContent()),r.add(d)):((c===null||c.retain===void 0)&&(l(),c={retain:0}),c.retain+=d.length);c!==null&&c.retain===void 0&&l()}this._changes=t}return t}},Bc=(e,t)=>{let n=[];for(;t._item!==null&&t!==
e;){if(t._item.parentSub!==null)n.unshift(t._item.parentSub);else{let r=0,s=t._item.parent._start;for(;s!==t._item&&s!==null;)!s.deleted&&s.countable&&(r+=s.length),s=s.right;n.unshift(r)}t=t._item.parent}
return n},N=()=>{ur("Invalid access: Add Yjs type to a document before reading data.")},mi=80,Rr=0,Ur=class{constructor(t,n){t.marker=!0,this.p=t,this.index=n,this.timestamp=Rr++}},Rc=e=>{e.timestamp=
Rr++},wi=(e,t,n)=>{e.p.marker=!1,e.p=t,t.marker=!0,e.index=n,e.timestamp=Rr++},$c=(e,t,n)=>{if(e.length>=mi){let r=e.reduce((s,i)=>s.timestamp<i.timestamp?s:i);return wi(r,t,n),r}else{let r=new Ur(t,n);
return e.push(r),r}},An=(e,t)=>{if(e._start===null||t===0||e._searchMarker===null)return null;let n=e._searchMarker.length===0?null:e._searchMarker.reduce((i,o)=>pt(t-i.index)<pt(t-o.index)?i:o),r=e._start,
s=0;for(n!==null&&(r=n.p,s=n.index,Rc(n));r.right!==null&&s<t;){if(!r.deleted&&r.countable){if(t<s+r.length)break;s+=r.length}r=r.right}for(;r.left!==null&&s>t;)r=r.left,!r.deleted&&r.countable&&(s-=r.
length);for(;r.left!==null&&r.left.id.client===r.id.client&&r.left.id.clock+r.left.length===r.id.clock;)r=r.left,!r.deleted&&r.countable&&(s-=r.length);return n!==null&&pt(n.index-s)<r.parent.length/mi?
(wi(n,r,s),n):$c(e._searchMarker,r,s)},xe=(e,t,n)=>{for(let r=e.length-1;r>=0;r--){let s=e[r];if(n>0){let i=s.p;for(i.marker=!1;i&&(i.deleted||!i.countable);)i=i.left,i&&!i.deleted&&i.countable&&(s.index-=
i.length);if(i===null||i.marker===!0){e.splice(r,1);continue}s.p=i,i.marker=!0}(t<s.index||n>0&&t===s.index)&&(s.index=tt(t,s.index+n))}};var Cn=(e,t,n)=>{let r=e,s=t.changedParentTypes;for(;G(s,e,()=>[]).push(n),e._item!==null;)e=e._item.parent;ai(r._eH,n,t)},E=class{constructor(){this._item=null,this._map=new Map,this._start=null,this.
doc=null,this._length=0,this._eH=qs(),this._dEH=qs(),this._searchMarker=null}get parent(){return this._item?this._item.parent:null}_integrate(t,n){this.doc=t,this._item=n}_copy(){throw q()}clone(){throw q()}_write(t){}get _first(){
let t=this._start;for(;t!==null&&t.deleted;)t=t.right;return t}_callObserver(t,n){!t.local&&this._searchMarker&&(this._searchMarker.length=0)}observe(t){Gs(this._eH,t)}observeDeep(t){Gs(this._dEH,t)}unobserve(t){
Hs(this._eH,t)}unobserveDeep(t){Hs(this._dEH,t)}toJSON(){}},yi=(e,t,n)=>{e.doc??N(),t<0&&(t=e._length+t),n<0&&(n=e._length+n);let r=n-t,s=[],i=e._start;for(;i!==null&&r>0;){if(i.countable&&!i.deleted){
let o=i.content.getContent();if(o.length<=t)t-=o.length;else{for(let c=t;c<o.length&&r>0;c++)s.push(o[c]),r--;t=0}}i=i.right}return s},xi=e=>{e.doc??N();let t=[],n=e._start;for(;n!==null;){if(n.countable&&
!n.deleted){let r=n.content.getContent();for(let s=0;s<r.length;s++)t.push(r[s])}n=n.right}return t};var be=(e,t)=>{let n=0,r=e._start;for(e.doc??N();r!==null;){if(r.countable&&!r.deleted){let s=r.content.getContent();for(let i=0;i<s.length;i++)t(s[i],n++,e)}r=r.right}},bi=(e,t)=>{let n=[];return be(
e,(r,s)=>{n.push(t(r,s,e))}),n},Fc=e=>{let t=e._start,n=null,r=0;return{[Symbol.iterator](){return this},next:()=>{if(n===null){for(;t!==null&&t.deleted;)t=t.right;if(t===null)return{done:!0,value:void 0};
n=t.content.getContent(),r=0,t=t.right}let s=n[r++];return n.length<=r&&(n=null),{done:!1,value:s}}}},ki=(e,t)=>{e.doc??N();let n=An(e,t),r=e._start;for(n!==null&&(r=n.p,t-=n.index);r!==null;r=r.right)
if(!r.deleted&&r.countable){if(t<r.length)return r.content.getContent()[t];t-=r.length}},bn=(e,t,n,r)=>{let s=n,i=e.doc,o=i.clientID,c=i.store,l=n===null?t._start:n.right,d=[],a=()=>{d.length>0&&(s=new k(
y(o,_(c,o)),s,s&&s.lastId,l,l&&l.id,t,null,new Pt(d)),s.integrate(e,0),d=[])};r.forEach(h=>{if(h===null)d.push(h);else switch(h.constructor){case Number:case Object:case Boolean:case Array:case String:
d.push(h);break;default:switch(a(),h.constructor){case Uint8Array:case ArrayBuffer:s=new k(y(o,_(c,o)),s,s&&s.lastId,l,l&&l.id,t,null,new Ae(new Uint8Array(h))),s.integrate(e,0);break;case kt:s=new k(
y(o,_(c,o)),s,s&&s.lastId,l,l&&l.id,t,null,new Ce(h)),s.integrate(e,0);break;default:if(h instanceof E)s=new k(y(o,_(c,o)),s,s&&s.lastId,l,l&&l.id,t,null,new K(h)),s.integrate(e,0);else throw new Error(
"Unexpected content type in insert operation")}}}),a()},Si=()=>j("Length exceeded!"),_i=(e,t,n,r)=>{if(n>t._length)throw Si();if(n===0)return t._searchMarker&&xe(t._searchMarker,n,r.length),bn(e,t,null,
r);let s=n,i=An(t,n),o=t._start;for(i!==null&&(o=i.p,n-=i.index,n===0&&(o=o.prev,n+=o&&o.countable&&!o.deleted?o.length:0));o!==null;o=o.right)if(!o.deleted&&o.countable){if(n<=o.length){n<o.length&&R(
e,y(o.id.client,o.id.clock+n));break}n-=o.length}return t._searchMarker&&xe(t._searchMarker,s,r.length),bn(e,t,o,r)},jc=(e,t,n)=>{let s=(t._searchMarker||[]).reduce((i,o)=>o.index>i.index?o:i,{index:0,
p:t._start}).p;if(s)for(;s.right;)s=s.right;return bn(e,t,s,n)},Ui=(e,t,n,r)=>{if(r===0)return;let s=n,i=r,o=An(t,n),c=t._start;for(o!==null&&(c=o.p,n-=o.index);c!==null&&n>0;c=c.right)!c.deleted&&c.countable&&
(n<c.length&&R(e,y(c.id.client,c.id.clock+n)),n-=c.length);for(;r>0&&c!==null;)c.deleted||(r<c.length&&R(e,y(c.id.client,c.id.clock+r)),c.delete(e),r-=c.length),c=c.right;if(r>0)throw Si();t._searchMarker&&
xe(t._searchMarker,s,-i+r)},kn=(e,t,n)=>{let r=t._map.get(n);r!==void 0&&r.delete(e)},$r=(e,t,n,r)=>{let s=t._map.get(n)||null,i=e.doc,o=i.clientID,c;if(r==null)c=new Pt([r]);else switch(r.constructor){case Number:case Object:case Boolean:case Array:case String:case Date:case BigInt:
c=new Pt([r]);break;case Uint8Array:c=new Ae(r);break;case kt:c=new Ce(r);break;default:if(r instanceof E)c=new K(r);else throw new Error("Unexpected content type")}new k(y(o,_(i.store,o)),s,s&&s.lastId,
null,null,t,n,c).integrate(e,0)},Fr=(e,t)=>{e.doc??N();let n=e._map.get(t);return n!==void 0&&!n.deleted?n.content.getContent()[n.length-1]:void 0},Ei=e=>{let t={};return e.doc??N(),e._map.forEach((n,r)=>{
n.deleted||(t[r]=n.content.getContent()[n.length-1])}),t},Ai=(e,t)=>{e.doc??N();let n=e._map.get(t);return n!==void 0&&!n.deleted};var qc=(e,t)=>{let n={};return e._map.forEach((r,s)=>{let i=r;for(;i!==null&&(!t.sv.has(i.id.client)||i.id.clock>=(t.sv.get(i.id.client)||0));)i=i.left;i!==null&&jt(i,t)&&(n[s]=i.content.getContent()[i.
length-1])}),n},ln=e=>(e.doc??N(),Rs(e._map.entries(),t=>!t[1].deleted)),Er=class extends zt{},Sn=class e extends E{constructor(){super(),this._prelimContent=[],this._searchMarker=[]}static from(t){let n=new e;
return n.push(t),n}_integrate(t,n){super._integrate(t,n),this.insert(0,this._prelimContent),this._prelimContent=null}_copy(){return new e}clone(){let t=new e;return t.insert(0,this.toArray().map(n=>n instanceof
E?n.clone():n)),t}get length(){return this.doc??N(),this._length}_callObserver(t,n){super._callObserver(t,n),Cn(this,t,new Er(this,t))}insert(t,n){this.doc!==null?b(this.doc,r=>{_i(r,this,t,n)}):this.
_prelimContent.splice(t,0,...n)}push(t){this.doc!==null?b(this.doc,n=>{jc(n,this,t)}):this._prelimContent.push(...t)}unshift(t){this.insert(0,t)}delete(t,n=1){this.doc!==null?b(this.doc,r=>{Ui(r,this,
t,n)}):this._prelimContent.splice(t,n)}get(t){return ki(this,t)}toArray(){return xi(this)}slice(t=0,n=this.length){return yi(this,t,n)}toJSON(){return this.map(t=>t instanceof E?t.toJSON():t)}map(t){return bi(
this,t)}forEach(t){be(this,t)}[Symbol.iterator](){return Fc(this)}_write(t){t.writeTypeRef(hl)}},Gc=e=>new Sn,Ar=class extends zt{constructor(t,n,r){super(t,n),this.keysChanged=r}},ke=class e extends E{constructor(t){
super(),this._prelimContent=null,t===void 0?this._prelimContent=new Map:this._prelimContent=new Map(t)}_integrate(t,n){super._integrate(t,n),this._prelimContent.forEach((r,s)=>{this.set(s,r)}),this._prelimContent=
null}_copy(){return new e}clone(){let t=new e;return this.forEach((n,r)=>{t.set(r,n instanceof E?n.clone():n)}),t}_callObserver(t,n){Cn(this,t,new Ar(this,t,n))}toJSON(){this.doc??N();let t={};return this.
_map.forEach((n,r)=>{if(!n.deleted){let s=n.content.getContent()[n.length-1];t[r]=s instanceof E?s.toJSON():s}}),t}get size(){return[...ln(this)].length}keys(){return sn(ln(this),t=>t[0])}values(){return sn(
ln(this),t=>t[1].content.getContent()[t[1].length-1])}entries(){return sn(ln(this),t=>[t[0],t[1].content.getContent()[t[1].length-1]])}forEach(t){this.doc??N(),this._map.forEach((n,r)=>{n.deleted||t(n.
content.getContent()[n.length-1],r,this)})}[Symbol.iterator](){return this.entries()}delete(t){this.doc!==null?b(this.doc,n=>{kn(n,this,t)}):this._prelimContent.delete(t)}set(t,n){return this.doc!==null?
b(this.doc,r=>{$r(r,this,t,n)}):this._prelimContent.set(t,n),n}get(t){return Fr(this,t)}has(t){return Ai(this,t)}clear(){this.doc!==null?b(this.doc,t=>{this.forEach(function(n,r,s){kn(t,s,r)})}):this.
_prelimContent.clear()}_write(t){t.writeTypeRef(dl)}},Hc=e=>new ke,ht=(e,t)=>e===t||typeof e=="object"&&typeof t=="object"&&e&&t&&zn(e,t),Se=class{constructor(t,n,r,s){this.left=t,this.right=n,this.index=
r,this.currentAttributes=s}forward(){this.right===null&&L(),this.right.content.constructor===I?this.right.deleted||Yt(this.currentAttributes,this.right.content):this.right.deleted||(this.index+=this.right.
length),this.left=this.right,this.right=this.right.right}},Ks=(e,t,n)=>{for(;t.right!==null&&n>0;)t.right.content.constructor===I?t.right.deleted||Yt(t.currentAttributes,t.right.content):t.right.deleted||
(n<t.right.length&&R(e,y(t.right.id.client,t.right.id.clock+n)),t.index+=t.right.length,n-=t.right.length),t.left=t.right,t.right=t.right.right;return t},an=(e,t,n,r)=>{let s=new Map,i=r?An(t,n):null;
if(i){let o=new Se(i.p.left,i.p,i.index,s);return Ks(e,o,n-i.index)}else{let o=new Se(null,t._start,0,s);return Ks(e,o,n)}},Ci=(e,t,n,r)=>{for(;n.right!==null&&(n.right.deleted===!0||n.right.content.constructor===
I&&ht(r.get(n.right.content.key),n.right.content.value));)n.right.deleted||r.delete(n.right.content.key),n.forward();let s=e.doc,i=s.clientID;r.forEach((o,c)=>{let l=n.left,d=n.right,a=new k(y(i,_(s.store,
i)),l,l&&l.lastId,d,d&&d.id,t,null,new I(c,o));a.integrate(e,0),n.right=a,n.forward()})},Yt=(e,t)=>{let{key:n,value:r}=t;r===null?e.delete(n):e.set(n,r)},Ii=(e,t)=>{for(;e.right!==null;){if(!(e.right.
deleted||e.right.content.constructor===I&&ht(t[e.right.content.key]??null,e.right.content.value)))break;e.forward()}},Di=(e,t,n,r)=>{let s=e.doc,i=s.clientID,o=new Map;for(let c in r){let l=r[c],d=n.currentAttributes.
get(c)??null;if(!ht(d,l)){o.set(c,d);let{left:a,right:h}=n;n.right=new k(y(i,_(s.store,i)),a,a&&a.lastId,h,h&&h.id,t,null,new I(c,l)),n.right.integrate(e,0),n.forward()}}return o},fr=(e,t,n,r,s)=>{n.currentAttributes.
forEach((u,f)=>{s[f]===void 0&&(s[f]=null)});let i=e.doc,o=i.clientID;Ii(n,s);let c=Di(e,t,n,s),l=r.constructor===String?new it(r):r instanceof E?new K(r):new _t(r),{left:d,right:a,index:h}=n;t._searchMarker&&
xe(t._searchMarker,n.index,l.getLength()),a=new k(y(o,_(i.store,o)),d,d&&d.lastId,a,a&&a.id,t,null,l),a.integrate(e,0),n.right=a,n.index=h,n.forward(),Ci(e,t,n,c)},Zs=(e,t,n,r,s)=>{let i=e.doc,o=i.clientID;
Ii(n,s);let c=Di(e,t,n,s);t:for(;n.right!==null&&(r>0||c.size>0&&(n.right.deleted||n.right.content.constructor===I));){if(!n.right.deleted)switch(n.right.content.constructor){case I:{let{key:l,value:d}=n.
right.content,a=s[l];if(a!==void 0){if(ht(a,d))c.delete(l);else{if(r===0)break t;c.set(l,d)}n.right.delete(e)}else n.currentAttributes.set(l,d);break}default:r<n.right.length&&R(e,y(n.right.id.client,
n.right.id.clock+r)),r-=n.right.length;break}n.forward()}if(r>0){let l="";for(;r>0;r--)l+=`
`;n.right=new k(y(o,_(i.store,o)),n.left,n.left&&n.left.lastId,n.right,n.right&&n.right.id,t,null,new it(l)),n.right.integrate(e,0),n.forward()}Ci(e,t,n,c)},Ti=(e,t,n,r,s)=>{let i=t,o=D();for(;i&&(!i.
countable||i.deleted);){if(!i.deleted&&i.content.constructor===I){let d=i.content;o.set(d.key,d)}i=i.right}let c=0,l=!1;for(;t!==i;){if(n===t&&(l=!0),!t.deleted){let d=t.content;if(d.constructor===I){
let{key:a,value:h}=d,u=r.get(a)??null;(o.get(a)!==d||u===h)&&(t.delete(e),c++,!l&&(s.get(a)??null)===h&&u!==h&&(u===null?s.delete(a):s.set(a,u))),!l&&!t.deleted&&Yt(s,d)}}t=t.right}return c},zc=(e,t)=>{
for(;t&&t.right&&(t.right.deleted||!t.right.countable);)t=t.right;let n=new Set;for(;t&&(t.deleted||!t.countable);){if(!t.deleted&&t.content.constructor===I){let r=t.content.key;n.has(r)?t.delete(e):n.
add(r)}t=t.left}},Jc=e=>{let t=0;return b(e.doc,n=>{let r=e._start,s=e._start,i=D(),o=De(i);for(;s;)s.deleted===!1&&(s.content.constructor===I?Yt(o,s.content):(t+=Ti(n,r,s,i,o),i=De(o),r=s)),s=s.right}),
t},Pc=e=>{let t=new Set,n=e.doc;for(let[r,s]of e.afterState.entries()){let i=e.beforeState.get(r)||0;s!==i&&ui(e,n.store.clients.get(r),i,s,o=>{!o.deleted&&o.content.constructor===I&&o.constructor!==$&&
t.add(o.parent)})}b(n,r=>{Ht(e,e.deleteSet,s=>{if(s instanceof $||!s.parent._hasFormatting||t.has(s.parent))return;let i=s.parent;s.content.constructor===I?t.add(i):zc(r,s)});for(let s of t)Jc(s)})},Qs=(e,t,n)=>{
let r=n,s=De(t.currentAttributes),i=t.right;for(;n>0&&t.right!==null;){if(t.right.deleted===!1)switch(t.right.content.constructor){case K:case _t:case it:n<t.right.length&&R(e,y(t.right.id.client,t.right.
id.clock+n)),n-=t.right.length,t.right.delete(e);break}t.forward()}i&&Ti(e,i,t.right,s,t.currentAttributes);let o=(t.left||t.right).parent;return o._searchMarker&&xe(o._searchMarker,t.index,-r+n),t},Cr=class extends zt{constructor(t,n,r){
super(t,n),this.childListChanged=!1,this.keysChanged=new Set,r.forEach(s=>{s===null?this.childListChanged=!0:this.keysChanged.add(s)})}get changes(){if(this._changes===null){let t={keys:this.keys,delta:this.
delta,added:new Set,deleted:new Set};this._changes=t}return this._changes}get delta(){if(this._delta===null){let t=this.target.doc,n=[];b(t,r=>{let s=new Map,i=new Map,o=this.target._start,c=null,l={},
d="",a=0,h=0,u=()=>{if(c!==null){let f=null;switch(c){case"delete":h>0&&(f={delete:h}),h=0;break;case"insert":(typeof d=="object"||d.length>0)&&(f={insert:d},s.size>0&&(f.attributes={},s.forEach((p,w)=>{
p!==null&&(f.attributes[w]=p)}))),d="";break;case"retain":a>0&&(f={retain:a},fs(l)||(f.attributes=ds({},l))),a=0;break}f&&n.push(f),c=null}};for(;o!==null;){switch(o.content.constructor){case K:case _t:
this.adds(o)?this.deletes(o)||(u(),c="insert",d=o.content.getContent()[0],u()):this.deletes(o)?(c!=="delete"&&(u(),c="delete"),h+=1):o.deleted||(c!=="retain"&&(u(),c="retain"),a+=1);break;case it:this.
adds(o)?this.deletes(o)||(c!=="insert"&&(u(),c="insert"),d+=o.content.str):this.deletes(o)?(c!=="delete"&&(u(),c="delete"),h+=o.length):o.deleted||(c!=="retain"&&(u(),c="retain"),a+=o.length);break;case I:{
let{key:f,value:p}=o.content;if(this.adds(o)){if(!this.deletes(o)){let w=s.get(f)??null;ht(w,p)?p!==null&&o.delete(r):(c==="retain"&&u(),ht(p,i.get(f)??null)?delete l[f]:l[f]=p)}}else if(this.deletes(
o)){i.set(f,p);let w=s.get(f)??null;ht(w,p)||(c==="retain"&&u(),l[f]=w)}else if(!o.deleted){i.set(f,p);let w=l[f];w!==void 0&&(ht(w,p)?w!==null&&o.delete(r):(c==="retain"&&u(),p===null?delete l[f]:l[f]=
p))}o.deleted||(c==="insert"&&u(),Yt(s,o.content));break}}o=o.right}for(u();n.length>0;){let f=n[n.length-1];if(f.retain!==void 0&&f.attributes===void 0)n.pop();else break}}),this._delta=n}return this.
_delta}},_e=class e extends E{constructor(t){super(),this._pending=t!==void 0?[()=>this.insert(0,t)]:[],this._searchMarker=[],this._hasFormatting=!1}get length(){return this.doc??N(),this._length}_integrate(t,n){
super._integrate(t,n);try{this._pending.forEach(r=>r())}catch(r){console.error(r)}this._pending=null}_copy(){return new e}clone(){let t=new e;return t.applyDelta(this.toDelta()),t}_callObserver(t,n){super.
_callObserver(t,n);let r=new Cr(this,t,n);Cn(this,t,r),!t.local&&this._hasFormatting&&(t._needFormattingCleanup=!0)}toString(){this.doc??N();let t="",n=this._start;for(;n!==null;)!n.deleted&&n.countable&&
n.content.constructor===it&&(t+=n.content.str),n=n.right;return t}toJSON(){return this.toString()}applyDelta(t,{sanitize:n=!0}={}){this.doc!==null?b(this.doc,r=>{let s=new Se(null,this._start,0,new Map);
for(let i=0;i<t.length;i++){let o=t[i];if(o.insert!==void 0){let c=!n&&typeof o.insert=="string"&&i===t.length-1&&s.right===null&&o.insert.slice(-1)===`
`?o.insert.slice(0,-1):o.insert;(typeof c!="string"||c.length>0)&&fr(r,this,s,c,o.attributes||{})}else o.retain!==void 0?Zs(r,this,s,o.retain,o.attributes||{}):o.delete!==void 0&&Qs(r,s,o.delete)}}):this.
_pending.push(()=>this.applyDelta(t))}toDelta(t,n,r){this.doc??N();let s=[],i=new Map,o=this.doc,c="",l=this._start;function d(){if(c.length>0){let h={},u=!1;i.forEach((p,w)=>{u=!0,h[w]=p});let f={insert:c};
u&&(f.attributes=h),s.push(f),c=""}}let a=()=>{for(;l!==null;){if(jt(l,t)||n!==void 0&&jt(l,n))switch(l.content.constructor){case it:{let h=i.get("ychange");t!==void 0&&!jt(l,t)?(h===void 0||h.user!==
l.id.client||h.type!=="removed")&&(d(),i.set("ychange",r?r("removed",l.id):{type:"removed"})):n!==void 0&&!jt(l,n)?(h===void 0||h.user!==l.id.client||h.type!=="added")&&(d(),i.set("ychange",r?r("added",
l.id):{type:"added"})):h!==void 0&&(d(),i.delete("ychange")),c+=l.content.str;break}case K:case _t:{d();let h={insert:l.content.getContent()[0]};if(i.size>0){let u={};h.attributes=u,i.forEach((f,p)=>{
u[p]=f})}s.push(h);break}case I:jt(l,t)&&(d(),Yt(i,l.content));break}l=l.right}d()};return t||n?b(o,h=>{t&&xr(h,t),n&&xr(h,n),a()},"cleanup"):a(),s}insert(t,n,r){if(n.length<=0)return;let s=this.doc;s!==
null?b(s,i=>{let o=an(i,this,t,!r);r||(r={},o.currentAttributes.forEach((c,l)=>{r[l]=c})),fr(i,this,o,n,r)}):this._pending.push(()=>this.insert(t,n,r))}insertEmbed(t,n,r){let s=this.doc;s!==null?b(s,i=>{
let o=an(i,this,t,!r);fr(i,this,o,n,r||{})}):this._pending.push(()=>this.insertEmbed(t,n,r||{}))}delete(t,n){if(n===0)return;let r=this.doc;r!==null?b(r,s=>{Qs(s,an(s,this,t,!0),n)}):this._pending.push(
()=>this.delete(t,n))}format(t,n,r){if(n===0)return;let s=this.doc;s!==null?b(s,i=>{let o=an(i,this,t,!1);o.right!==null&&Zs(i,this,o,n,r)}):this._pending.push(()=>this.format(t,n,r))}removeAttribute(t){
this.doc!==null?b(this.doc,n=>{kn(n,this,t)}):this._pending.push(()=>this.removeAttribute(t))}setAttribute(t,n){this.doc!==null?b(this.doc,r=>{$r(r,this,t,n)}):this._pending.push(()=>this.setAttribute(
t,n))}getAttribute(t){return Fr(this,t)}getAttributes(){return Ei(this)}_write(t){t.writeTypeRef(ul)}},Wc=e=>new _e,ge=class{constructor(t,n=()=>!0){this._filter=n,this._root=t,this._currentNode=t._start,
this._firstCall=!0,t.doc??N()}[Symbol.iterator](){return this}next(){let t=this._currentNode,n=t&&t.content&&t.content.type;if(t!==null&&(!this._firstCall||t.deleted||!this._filter(n)))do if(n=t.content.
type,!t.deleted&&(n.constructor===Ue||n.constructor===Jt)&&n._start!==null)t=n._start;else for(;t!==null;){let r=t.next;if(r!==null){t=r;break}else t.parent===this._root?t=null:t=t.parent._item}while(t!==
null&&(t.deleted||!this._filter(t.content.type)));return this._firstCall=!1,t===null?{value:void 0,done:!0}:(this._currentNode=t,{value:t.content.type,done:!1})}},Jt=class e extends E{constructor(){super(),
this._prelimContent=[]}get firstChild(){let t=this._first;return t?t.content.getContent()[0]:null}_integrate(t,n){super._integrate(t,n),this.insert(0,this._prelimContent),this._prelimContent=null}_copy(){
return new e}clone(){let t=new e;return t.insert(0,this.toArray().map(n=>n instanceof E?n.clone():n)),t}get length(){return this.doc??N(),this._prelimContent===null?this._length:this._prelimContent.length}createTreeWalker(t){
return new ge(this,t)}querySelector(t){t=t.toUpperCase();let r=new ge(this,s=>s.nodeName&&s.nodeName.toUpperCase()===t).next();return r.done?null:r.value}querySelectorAll(t){return t=t.toUpperCase(),H(
new ge(this,n=>n.nodeName&&n.nodeName.toUpperCase()===t))}_callObserver(t,n){Cn(this,t,new Ir(this,n,t))}toString(){return bi(this,t=>t.toString()).join("")}toJSON(){return this.toString()}toDOM(t=document,n={},r){
let s=t.createDocumentFragment();return r!==void 0&&r._createAssociation(s,this),be(this,i=>{s.insertBefore(i.toDOM(t,n,r),null)}),s}insert(t,n){this.doc!==null?b(this.doc,r=>{_i(r,this,t,n)}):this._prelimContent.
splice(t,0,...n)}insertAfter(t,n){if(this.doc!==null)b(this.doc,r=>{let s=t&&t instanceof E?t._item:t;bn(r,this,s,n)});else{let r=this._prelimContent,s=t===null?0:r.findIndex(i=>i===t)+1;if(s===0&&t!==
null)throw j("Reference item not found");r.splice(s,0,...n)}}delete(t,n=1){this.doc!==null?b(this.doc,r=>{Ui(r,this,t,n)}):this._prelimContent.splice(t,n)}toArray(){return xi(this)}push(t){this.insert(
this.length,t)}unshift(t){this.insert(0,t)}get(t){return ki(this,t)}slice(t=0,n=this.length){return yi(this,t,n)}forEach(t){be(this,t)}_write(t){t.writeTypeRef(pl)}},Yc=e=>new Jt,Ue=class e extends Jt{constructor(t="\
UNDEFINED"){super(),this.nodeName=t,this._prelimAttrs=new Map}get nextSibling(){let t=this._item?this._item.next:null;return t?t.content.type:null}get prevSibling(){let t=this._item?this._item.prev:null;
return t?t.content.type:null}_integrate(t,n){super._integrate(t,n),this._prelimAttrs.forEach((r,s)=>{this.setAttribute(s,r)}),this._prelimAttrs=null}_copy(){return new e(this.nodeName)}clone(){let t=new e(
this.nodeName),n=this.getAttributes();return us(n,(r,s)=>{t.setAttribute(s,r)}),t.insert(0,this.toArray().map(r=>r instanceof E?r.clone():r)),t}toString(){let t=this.getAttributes(),n=[],r=[];for(let c in t)
r.push(c);r.sort();let s=r.length;for(let c=0;c<s;c++){let l=r[c];n.push(l+'="'+t[l]+'"')}let i=this.nodeName.toLocaleLowerCase(),o=n.length>0?" "+n.join(" "):"";return`<${i}${o}>${super.toString()}</${i}\
>`}removeAttribute(t){this.doc!==null?b(this.doc,n=>{kn(n,this,t)}):this._prelimAttrs.delete(t)}setAttribute(t,n){this.doc!==null?b(this.doc,r=>{$r(r,this,t,n)}):this._prelimAttrs.set(t,n)}getAttribute(t){
return Fr(this,t)}hasAttribute(t){return Ai(this,t)}getAttributes(t){return t?qc(this,t):Ei(this)}toDOM(t=document,n={},r){let s=t.createElement(this.nodeName),i=this.getAttributes();for(let o in i){let c=i[o];
typeof c=="string"&&s.setAttribute(o,c)}return be(this,o=>{s.appendChild(o.toDOM(t,n,r))}),r!==void 0&&r._createAssociation(s,this),s}_write(t){t.writeTypeRef(fl),t.writeKey(this.nodeName)}},Xc=e=>new Ue(
e.readKey()),Ir=class extends zt{constructor(t,n,r){super(t,r),this.childListChanged=!1,this.attributesChanged=new Set,n.forEach(s=>{s===null?this.childListChanged=!0:this.attributesChanged.add(s)})}},
Dr=class e extends ke{constructor(t){super(),this.hookName=t}_copy(){return new e(this.hookName)}clone(){let t=new e(this.hookName);return this.forEach((n,r)=>{t.set(r,n)}),t}toDOM(t=document,n={},r){
let s=n[this.hookName],i;return s!==void 0?i=s.createDom(this):i=document.createElement(this.hookName),i.setAttribute("data-yjs-hook",this.hookName),r!==void 0&&r._createAssociation(i,this),i}_write(t){
t.writeTypeRef(gl),t.writeKey(this.hookName)}},Kc=e=>new Dr(e.readKey()),Tr=class e extends _e{get nextSibling(){let t=this._item?this._item.next:null;return t?t.content.type:null}get prevSibling(){let t=this.
_item?this._item.prev:null;return t?t.content.type:null}_copy(){return new e}clone(){let t=new e;return t.applyDelta(this.toDelta()),t}toDOM(t=document,n,r){let s=t.createTextNode(this.toString());return r!==
void 0&&r._createAssociation(s,this),s}toString(){return this.toDelta().map(t=>{let n=[];for(let s in t.attributes){let i=[];for(let o in t.attributes[s])i.push({key:o,value:t.attributes[s][o]});i.sort(
(o,c)=>o.key<c.key?-1:1),n.push({nodeName:s,attrs:i})}n.sort((s,i)=>s.nodeName<i.nodeName?-1:1);let r="";for(let s=0;s<n.length;s++){let i=n[s];r+=`<${i.nodeName}`;for(let o=0;o<i.attrs.length;o++){let c=i.
attrs[o];r+=` ${c.key}="${c.value}"`}r+=">"}r+=t.insert;for(let s=n.length-1;s>=0;s--)r+=`</${n[s].nodeName}>`;return r}).join("")}toJSON(){return this.toString()}_write(t){t.writeTypeRef(ml)}},Zc=e=>new Tr,
Ee=class{constructor(t,n){this.id=t,this.length=n}get deleted(){throw q()}mergeWith(t){return!1}write(t,n,r){throw q()}integrate(t,n){throw q()}},Qc=0,$=class extends Ee{get deleted(){return!0}delete(){}mergeWith(t){
return this.constructor!==t.constructor?!1:(this.length+=t.length,!0)}integrate(t,n){n>0&&(this.id.clock+=n,this.length-=n),di(t.doc.store,this)}write(t,n){t.writeInfo(Qc),t.writeLen(this.length-n)}getMissing(t,n){
return null}},Ae=class e{constructor(t){this.content=t}getLength(){return 1}getContent(){return[this.content]}isCountable(){return!0}copy(){return new e(this.content)}splice(t){throw q()}mergeWith(t){
return!1}integrate(t,n){}delete(t){}gc(t){}write(t,n){t.writeBuf(this.content)}getRef(){return 3}},tl=e=>new Ae(e.readBuf()),_n=class e{constructor(t){this.len=t}getLength(){return this.len}getContent(){
return[]}isCountable(){return!1}copy(){return new e(this.len)}splice(t){let n=new e(this.len-t);return this.len=t,n}mergeWith(t){return this.len+=t.len,!0}integrate(t,n){me(t.deleteSet,n.id.client,n.id.
clock,this.len),n.markDeleted()}delete(t){}gc(t){}write(t,n){t.writeLen(this.len-n)}getRef(){return 1}},el=e=>new _n(e.readLen()),Vi=(e,t)=>new kt({guid:e,...t,shouldLoad:t.shouldLoad||t.autoLoad||!1}),
Ce=class e{constructor(t){t._item&&console.error("This document was already integrated as a sub-document. You should create a second instance instead with the same guid."),this.doc=t;let n={};this.opts=
n,t.gc||(n.gc=!1),t.autoLoad&&(n.autoLoad=!0),t.meta!==null&&(n.meta=t.meta)}getLength(){return 1}getContent(){return[this.doc]}isCountable(){return!0}copy(){return new e(Vi(this.doc.guid,this.opts))}splice(t){
throw q()}mergeWith(t){return!1}integrate(t,n){this.doc._item=n,t.subdocsAdded.add(this.doc),this.doc.shouldLoad&&t.subdocsLoaded.add(this.doc)}delete(t){t.subdocsAdded.has(this.doc)?t.subdocsAdded.delete(
this.doc):t.subdocsRemoved.add(this.doc)}gc(t){}write(t,n){t.writeString(this.doc.guid),t.writeAny(this.opts)}getRef(){return 9}},nl=e=>new Ce(Vi(e.readString(),e.readAny())),_t=class e{constructor(t){
this.embed=t}getLength(){return 1}getContent(){return[this.embed]}isCountable(){return!0}copy(){return new e(this.embed)}splice(t){throw q()}mergeWith(t){return!1}integrate(t,n){}delete(t){}gc(t){}write(t,n){
t.writeJSON(this.embed)}getRef(){return 5}},rl=e=>new _t(e.readJSON()),I=class e{constructor(t,n){this.key=t,this.value=n}getLength(){return 1}getContent(){return[]}isCountable(){return!1}copy(){return new e(
this.key,this.value)}splice(t){throw q()}mergeWith(t){return!1}integrate(t,n){let r=n.parent;r._searchMarker=null,r._hasFormatting=!0}delete(t){}gc(t){}write(t,n){t.writeKey(this.key),t.writeJSON(this.
value)}getRef(){return 6}},sl=e=>new I(e.readKey(),e.readJSON()),Vr=class e{constructor(t){this.arr=t}getLength(){return this.arr.length}getContent(){return this.arr}isCountable(){return!0}copy(){return new e(
this.arr)}splice(t){let n=new e(this.arr.slice(t));return this.arr=this.arr.slice(0,t),n}mergeWith(t){return this.arr=this.arr.concat(t.arr),!0}integrate(t,n){}delete(t){}gc(t){}write(t,n){let r=this.
arr.length;t.writeLen(r-n);for(let s=n;s<r;s++){let i=this.arr[s];t.writeString(i===void 0?"undefined":JSON.stringify(i))}}getRef(){return 2}},il=e=>{let t=e.readLen(),n=[];for(let r=0;r<t;r++){let s=e.
readString();s==="undefined"?n.push(void 0):n.push(JSON.parse(s))}return new Vr(n)},ol=ce("node_env")==="development",Pt=class e{constructor(t){this.arr=t,ol&&Jn(t)}getLength(){return this.arr.length}getContent(){
return this.arr}isCountable(){return!0}copy(){return new e(this.arr)}splice(t){let n=new e(this.arr.slice(t));return this.arr=this.arr.slice(0,t),n}mergeWith(t){return this.arr=this.arr.concat(t.arr),
!0}integrate(t,n){}delete(t){}gc(t){}write(t,n){let r=this.arr.length;t.writeLen(r-n);for(let s=n;s<r;s++){let i=this.arr[s];t.writeAny(i)}}getRef(){return 8}},cl=e=>{let t=e.readLen(),n=[];for(let r=0;r<
t;r++)n.push(e.readAny());return new Pt(n)},it=class e{constructor(t){this.str=t}getLength(){return this.str.length}getContent(){return this.str.split("")}isCountable(){return!0}copy(){return new e(this.
str)}splice(t){let n=new e(this.str.slice(t));this.str=this.str.slice(0,t);let r=this.str.charCodeAt(t-1);return r>=55296&&r<=56319&&(this.str=this.str.slice(0,t-1)+"\uFFFD",n.str="\uFFFD"+n.str.slice(
1)),n}mergeWith(t){return this.str+=t.str,!0}integrate(t,n){}delete(t){}gc(t){}write(t,n){t.writeString(n===0?this.str:this.str.slice(n))}getRef(){return 4}},ll=e=>new it(e.readString()),al=[Gc,Hc,Wc,
Xc,Yc,Kc,Zc],hl=0,dl=1,ul=2,fl=3,pl=4,gl=5,ml=6,K=class e{constructor(t){this.type=t}getLength(){return 1}getContent(){return[this.type]}isCountable(){return!0}copy(){return new e(this.type._copy())}splice(t){
throw q()}mergeWith(t){return!1}integrate(t,n){this.type._integrate(t.doc,n)}delete(t){let n=this.type._start;for(;n!==null;)n.deleted?n.id.clock<(t.beforeState.get(n.id.client)||0)&&t._mergeStructs.push(
n):n.delete(t),n=n.right;this.type._map.forEach(r=>{r.deleted?r.id.clock<(t.beforeState.get(r.id.client)||0)&&t._mergeStructs.push(r):r.delete(t)}),t.changed.delete(this.type)}gc(t){let n=this.type._start;
for(;n!==null;)n.gc(t,!0),n=n.right;this.type._start=null,this.type._map.forEach(r=>{for(;r!==null;)r.gc(t,!0),r=r.left}),this.type._map=new Map}write(t,n){this.type._write(t)}getRef(){return 7}},wl=e=>new K(
al[e.readTypeRef()](e)),vr=(e,t)=>{let n=t,r=0,s;do r>0&&(n=y(n.client,n.clock+r)),s=qt(e,n),r=n.clock-s.id.clock,n=s.redone;while(n!==null&&s instanceof k);return{item:s,diff:r}},jr=(e,t)=>{for(;e!==
null&&e.keep!==t;)e.keep=t,e=e.parent._item},Un=(e,t,n)=>{let{client:r,clock:s}=t.id,i=new k(y(r,s+n),t,y(r,s+n-1),t.right,t.rightOrigin,t.parent,t.parentSub,t.content.splice(n));return t.deleted&&i.markDeleted(),
t.keep&&(i.keep=!0),t.redone!==null&&(i.redone=y(t.redone.client,t.redone.clock+n)),t.right=i,i.right!==null&&(i.right.left=i),e._mergeStructs.push(i),i.parentSub!==null&&i.right===null&&i.parent._map.
set(i.parentSub,i),t.length=n,i},ti=(e,t)=>Kt(e,n=>Ie(n.deletions,t)),vi=(e,t,n,r,s,i)=>{let o=e.doc,c=o.store,l=o.clientID,d=t.redone;if(d!==null)return R(e,d);let a=t.parent._item,h=null,u;if(a!==null&&
a.deleted===!0){if(a.redone===null&&(!n.has(a)||vi(e,a,n,r,s,i)===null))return null;for(;a.redone!==null;)a=R(e,a.redone)}let f=a===null?t.parent:a.content.type;if(t.parentSub===null){for(h=t.left,u=t;h!==
null;){let S=h;for(;S!==null&&S.parent._item!==a;)S=S.redone===null?null:R(e,S.redone);if(S!==null&&S.parent._item===a){h=S;break}h=h.left}for(;u!==null;){let S=u;for(;S!==null&&S.parent._item!==a;)S=
S.redone===null?null:R(e,S.redone);if(S!==null&&S.parent._item===a){u=S;break}u=u.right}}else{if(u=null,t.right&&!s){for(h=t;h!==null&&h.right!==null&&(h.right.redone||Ie(r,h.right.id)||ti(i.undoStack,
h.right.id)||ti(i.redoStack,h.right.id));)for(h=h.right;h.redone;)h=R(e,h.redone);if(h&&h.right!==null)return null}else h=f._map.get(t.parentSub)||null;h!==null&&h.parent._item!==a&&(h=f._map.get(t.parentSub)||
null)}let p=_(c,l),w=y(l,p),x=new k(w,h,h&&h.lastId,u,u&&u.id,f,t.parentSub,t.content.copy());return t.redone=w,jr(x,!0),x.integrate(e,0),x},k=class e extends Ee{constructor(t,n,r,s,i,o,c,l){super(t,l.
getLength()),this.origin=r,this.left=n,this.right=s,this.rightOrigin=i,this.parent=o,this.parentSub=c,this.redone=null,this.content=l,this.info=this.content.isCountable()?2:0}set marker(t){(this.info&
8)>0!==t&&(this.info^=8)}get marker(){return(this.info&8)>0}get keep(){return(this.info&1)>0}set keep(t){this.keep!==t&&(this.info^=1)}get countable(){return(this.info&2)>0}get deleted(){return(this.info&
4)>0}set deleted(t){this.deleted!==t&&(this.info^=4)}markDeleted(){this.info|=4}getMissing(t,n){if(this.origin&&this.origin.client!==this.id.client&&this.origin.clock>=_(n,this.origin.client))return this.
origin.client;if(this.rightOrigin&&this.rightOrigin.client!==this.id.client&&this.rightOrigin.clock>=_(n,this.rightOrigin.client))return this.rightOrigin.client;if(this.parent&&this.parent.constructor===
dt&&this.id.client!==this.parent.client&&this.parent.clock>=_(n,this.parent.client))return this.parent.client;if(this.origin&&(this.left=zs(t,n,this.origin),this.origin=this.left.lastId),this.rightOrigin&&
(this.right=R(t,this.rightOrigin),this.rightOrigin=this.right.id),this.left&&this.left.constructor===$||this.right&&this.right.constructor===$)this.parent=null;else if(!this.parent)this.left&&this.left.
constructor===e?(this.parent=this.left.parent,this.parentSub=this.left.parentSub):this.right&&this.right.constructor===e&&(this.parent=this.right.parent,this.parentSub=this.right.parentSub);else if(this.
parent.constructor===dt){let r=qt(n,this.parent);r.constructor===$?this.parent=null:this.parent=r.content.type}return null}integrate(t,n){if(n>0&&(this.id.clock+=n,this.left=zs(t,t.doc.store,y(this.id.
client,this.id.clock-1)),this.origin=this.left.lastId,this.content=this.content.splice(n),this.length-=n),this.parent){if(!this.left&&(!this.right||this.right.left!==null)||this.left&&this.left.right!==
this.right){let r=this.left,s;if(r!==null)s=r.right;else if(this.parentSub!==null)for(s=this.parent._map.get(this.parentSub)||null;s!==null&&s.left!==null;)s=s.left;else s=this.parent._start;let i=new Set,
o=new Set;for(;s!==null&&s!==this.right;){if(o.add(s),i.add(s),on(this.origin,s.origin)){if(s.id.client<this.id.client)r=s,i.clear();else if(on(this.rightOrigin,s.rightOrigin))break}else if(s.origin!==
null&&o.has(qt(t.doc.store,s.origin)))i.has(qt(t.doc.store,s.origin))||(r=s,i.clear());else break;s=s.right}this.left=r}if(this.left!==null){let r=this.left.right;this.right=r,this.left.right=this}else{
let r;if(this.parentSub!==null)for(r=this.parent._map.get(this.parentSub)||null;r!==null&&r.left!==null;)r=r.left;else r=this.parent._start,this.parent._start=this;this.right=r}this.right!==null?this.
right.left=this:this.parentSub!==null&&(this.parent._map.set(this.parentSub,this),this.left!==null&&this.left.delete(t)),this.parentSub===null&&this.countable&&!this.deleted&&(this.parent._length+=this.
length),di(t.doc.store,this),this.content.integrate(t,this),Ps(t,this.parent,this.parentSub),(this.parent._item!==null&&this.parent._item.deleted||this.parentSub!==null&&this.right!==null)&&this.delete(
t)}else new $(this.id,this.length).integrate(t,0)}get next(){let t=this.right;for(;t!==null&&t.deleted;)t=t.right;return t}get prev(){let t=this.left;for(;t!==null&&t.deleted;)t=t.left;return t}get lastId(){
return this.length===1?this.id:y(this.id.client,this.id.clock+this.length-1)}mergeWith(t){if(this.constructor===t.constructor&&on(t.origin,this.lastId)&&this.right===t&&on(this.rightOrigin,t.rightOrigin)&&
this.id.client===t.id.client&&this.id.clock+this.length===t.id.clock&&this.deleted===t.deleted&&this.redone===null&&t.redone===null&&this.content.constructor===t.content.constructor&&this.content.mergeWith(
t.content)){let n=this.parent._searchMarker;return n&&n.forEach(r=>{r.p===t&&(r.p=this,!this.deleted&&this.countable&&(r.index-=this.length))}),t.keep&&(this.keep=!0),this.right=t.right,this.right!==null&&
(this.right.left=this),this.length+=t.length,!0}return!1}delete(t){if(!this.deleted){let n=this.parent;this.countable&&this.parentSub===null&&(n._length-=this.length),this.markDeleted(),me(t.deleteSet,
this.id.client,this.id.clock,this.length),Ps(t,n,this.parentSub),this.content.delete(t)}}gc(t,n){if(!this.deleted)throw L();this.content.gc(t),n?Dc(t,this,new $(this.id,this.length)):this.content=new _n(
this.length)}write(t,n){let r=n>0?y(this.id.client,this.id.clock+n-1):this.origin,s=this.rightOrigin,i=this.parentSub,o=this.content.getRef()&31|(r===null?0:128)|(s===null?0:64)|(i===null?0:32);if(t.writeInfo(
o),r!==null&&t.writeLeftID(r),s!==null&&t.writeRightID(s),r===null&&s===null){let c=this.parent;if(c._item!==void 0){let l=c._item;if(l===null){let d=hi(c);t.writeParentInfo(!0),t.writeString(d)}else t.
writeParentInfo(!1),t.writeLeftID(l.id)}else c.constructor===String?(t.writeParentInfo(!0),t.writeString(c)):c.constructor===dt?(t.writeParentInfo(!1),t.writeLeftID(c)):L();i!==null&&t.writeString(i)}
this.content.write(t,n)}},Oi=(e,t)=>yl[t&31](e),yl=[()=>{L()},el,il,tl,ll,rl,sl,wl,cl,nl,()=>{L()}],xl=10,F=class extends Ee{get deleted(){return!0}delete(){}mergeWith(t){return this.constructor!==t.constructor?
!1:(this.length+=t.length,!0)}integrate(t,n){L()}write(t,n){t.writeInfo(xl),g(t.restEncoder,this.length-n)}getMissing(t,n){return null}},Ni=typeof globalThis<"u"?globalThis:typeof window<"u"?window:typeof global<
"u"?global:{},Li="__ $YJS$ __";Ni[Li]===!0&&console.error("Yjs was already imported. This breaks constructor checks and will lead to issues! - https://github.com/yjs/yjs/issues/438");Ni[Li]=!0;var Mi=0,Bi=1,Ri=2,kl=(e,t)=>{g(e,Mi);let n=li(t);A(e,n)},Sl=(e,t,n)=>{g(e,Bi),A(e,ii(t,n))},_l=(e,t,n)=>Sl(t,n,V(e)),$i=(e,t,n,r)=>{try{si(t,V(e),n)}catch(s){r?.(s),console.error("Caught error while \
handling a Yjs update",s)}},Ul=(e,t)=>{g(e,Ri),A(e,t)},El=$i,Al=(e,t,n,r,s)=>{let i=m(e);switch(i){case Mi:_l(e,t,n);break;case Bi:$i(e,n,r,s);break;case Ri:El(e,n,r,s);break;default:throw new Error("\
Unknown message type")}return i};var qr=3e4,Gr=class extends ve{constructor(t){super(),this.doc=t,this.clientID=t.clientID,this.states=new Map,this.meta=new Map,this._checkInterval=setInterval(()=>{let n=rt();this.getLocalState()!==null&&
qr/2<=n-this.meta.get(this.clientID).lastUpdated&&this.setLocalState(this.getLocalState());let r=[];this.meta.forEach((s,i)=>{i!==this.clientID&&qr<=n-s.lastUpdated&&this.states.has(i)&&r.push(i)}),r.
length>0&&Cl(this,r,"timeout")},v(qr/10)),t.on("destroy",()=>{this.destroy()}),this.setLocalState({})}destroy(){this.emit("destroy",[this]),this.setLocalState(null),super.destroy(),clearInterval(this.
_checkInterval)}getLocalState(){return this.states.get(this.clientID)||null}setLocalState(t){let n=this.clientID,r=this.meta.get(n),s=r===void 0?0:r.clock+1,i=this.states.get(n);t===null?this.states.delete(
n):this.states.set(n,t),this.meta.set(n,{clock:s,lastUpdated:rt()});let o=[],c=[],l=[],d=[];t===null?d.push(n):i==null?t!=null&&o.push(n):(c.push(n),lt(i,t)||l.push(n)),(o.length>0||l.length>0||d.length>
0)&&this.emit("change",[{added:o,updated:l,removed:d},"local"]),this.emit("update",[{added:o,updated:c,removed:d},"local"])}setLocalStateField(t,n){let r=this.getLocalState();r!==null&&this.setLocalState(
{...r,[t]:n})}getStates(){return this.states}},Cl=(e,t,n)=>{let r=[];for(let s=0;s<t.length;s++){let i=t[s];if(e.states.has(i)){if(e.states.delete(i),i===e.clientID){let o=e.meta.get(i);e.meta.set(i,{
clock:o.clock+1,lastUpdated:rt()})}r.push(i)}}r.length>0&&(e.emit("change",[{added:[],updated:[],removed:r},n]),e.emit("update",[{added:[],updated:[],removed:r},n]))},Il=(e,t,n=e.states)=>{let r=t.length,
s=ct();g(s,r);for(let i=0;i<r;i++){let o=t[i],c=n.get(o)||null,l=e.meta.get(o).clock;g(s,o),g(s,l),et(s,JSON.stringify(c))}return B(s)};var Dl=(e,t,n)=>{let r=J(t),s=rt(),i=[],o=[],c=[],l=[],d=m(r);for(let a=0;a<d;a++){let h=m(r),u=m(r),f=JSON.parse(nt(r)),p=e.meta.get(h),w=e.states.get(h),x=p===void 0?0:p.clock;(x<u||x===u&&f===null&&
e.states.has(h))&&(f===null?h===e.clientID&&e.getLocalState()!=null?u++:e.states.delete(h):e.states.set(h,f),e.meta.set(h,{clock:u,lastUpdated:s}),p===void 0&&f!==null?i.push(h):p!==void 0&&f===null?l.
push(h):f!==null&&(lt(f,w)||c.push(h),o.push(h)))}(i.length>0||c.length>0||l.length>0)&&e.emit("change",[{added:i,updated:c,removed:l},n]),(i.length>0||o.length>0||l.length>0)&&e.emit("update",[{added:i,
updated:o,removed:l},n])};var Z=(e,t)=>e>>>t|e<<32-t,Tl=e=>Z(e,2)^Z(e,13)^Z(e,22),Vl=e=>Z(e,6)^Z(e,11)^Z(e,25),vl=e=>Z(e,7)^Z(e,18)^e>>>3,Ol=e=>Z(e,17)^Z(e,19)^e>>>10,Nl=new Uint32Array([1116352408,1899447441,3049323471,3921009573,
961987163,1508970993,2453635748,2870763221,3624381080,310598401,607225278,1426881987,1925078388,2162078206,2614888103,3248222580,3835390401,4022224774,264347078,604807628,770255983,1249150122,1555081692,
1996064986,2554220882,2821834349,2952996808,3210313671,3336571891,3584528711,113926993,338241895,666307205,773529912,1294757372,1396182291,1695183700,1986661051,2177026350,2456956037,2730485921,2820302411,
3259730800,3345764771,3516065817,3600352804,4094571909,275423344,430227734,506948616,659060556,883997877,958139571,1322822218,1537002063,1747873779,1955562222,2024104815,2227730452,2361852424,2428436474,
2756734187,3204031479,3329325298]),Ll=new Uint32Array([1779033703,3144134277,1013904242,2773480762,1359893119,2600822924,528734635,1541459225]),Hr=class{constructor(){let t=new ArrayBuffer(320);this._H=
new Uint32Array(t,0,8),this._H.set(Ll),this._W=new Uint32Array(t,64,64)}_updateHash(){let t=this._H,n=this._W;for(let h=16;h<64;h++)n[h]=Ol(n[h-2])+n[h-7]+vl(n[h-15])+n[h-16];let r=t[0],s=t[1],i=t[2],
o=t[3],c=t[4],l=t[5],d=t[6],a=t[7];for(let h=0,u,f;h<64;h++)u=a+Vl(c)+(c&l^~c&d)+Nl[h]+n[h]>>>0,f=Tl(r)+(r&s^r&i^s&i)>>>0,a=d,d=l,l=c,c=o+u>>>0,o=i,i=s,s=r,r=u+f>>>0;t[0]+=r,t[1]+=s,t[2]+=i,t[3]+=o,t[4]+=
c,t[5]+=l,t[6]+=d,t[7]+=a}digest(t){let n=0;for(;n+56<=t.length;){let o=0;for(;o<16&&n+3<t.length;o++)this._W[o]=t[n++]<<24|t[n++]<<16|t[n++]<<8|t[n++];if(n%64!==0){for(this._W.fill(0,o,16);n<t.length;)
this._W[o]|=t[n]<<(3-n%4)*8,n++;this._W[o]|=128<<(3-n%4)*8}this._updateHash()}let r=n%64!==0;this._W.fill(0,0,16);let s=0;for(;n<t.length;s++)for(let o=3;o>=0&&n<t.length;o--)this._W[s]|=t[n++]<<o*8;r||
(this._W[s-(n%4===0?0:1)]|=128<<(3-n%4)*8),this._W[14]=t.byteLength/536870912,this._W[15]=t.byteLength*8,this._updateHash();let i=new Uint8Array(32);for(let o=0;o<this._H.length;o++)for(let c=0;c<4;c++)
i[o*4+c]=this._H[o]>>>(3-c)*8;return i}},Ml=e=>new Hr().digest(e);export{Gr as Awareness,kt as Doc,_r as UndoManager,Dl as applyAwarenessUpdate,Ac as createAbsolutePositionFromRelativePosition,J as createDecoder,ct as createEncoder,Sc as createRelativePositionFromJSON,
Uc as createRelativePositionFromTypeIndex,Il as encodeAwarenessUpdate,pi as mergeUpdates,Al as readSyncMessage,m as readVarUint,V as readVarUint8Array,kc as relativePositionToJSON,Ml as sha256,B as toUint8Array,
kl as writeSyncStep1,Ul as writeUpdate,g as writeVarUint,A as writeVarUint8Array};
