'use strict';
const by=id=>document.getElementById(id),NS='http://www.w3.org/2000/svg',BLUE='#2f6f9f';
let csv='',file=null,answer=null;
function say(text,wrong){by('said').textContent=text;by('said').className=wrong?'wrong':'';}
function shape(name,attributes,text){const e=document.createElementNS(NS,name);for(const k in attributes)e.setAttribute(k,attributes[k]);if(text!==undefined)e.textContent=text;return e;}
function number(v){return typeof v==='number'?v.toLocaleString('en',{maximumSignificantDigits:5}):v;}
function level(row){return Object.keys(row).filter(n=>n.startsWith('forecast-lo-')).map(n=>n.slice(12))[0];}
function draw(past,rows,time,title){
  const svg=by('chart');svg.replaceChildren();if(!rows.length)return;
  const width=level(rows[0]),lo=r=>r['forecast-lo-'+width],hi=r=>r['forecast-hi-'+width],W=800,H=320,L=64,T=44,B=28;
  const values=past.map(r=>r.value).filter(v=>v!==null).concat(rows.map(lo),rows.map(hi));
  let least=Math.min(...values),most=Math.max(...values);if(least===most){least-=1;most+=1;}
  const count=past.length+rows.length,x=i=>L+i*(W-L-10)/Math.max(count-1,1),y=v=>H-B-(v-least)*(H-B-T)/(most-least);
  svg.setAttribute('viewBox','0 0 '+W+' '+H);
  svg.append(shape('text',{x:0,y:14,'font-size':14,'font-weight':600,fill:'currentColor'},title));
  for(let k=0;k<=4;k++){const v=least+(most-least)*k/4;
    svg.append(shape('line',{x1:L,x2:W-10,y1:y(v),y2:y(v),stroke:'currentColor','stroke-opacity':.12}));
    svg.append(shape('text',{x:L-8,y:y(v)+4,'font-size':11,'text-anchor':'end',fill:'currentColor'},number(Number(v.toPrecision(3)))));}
  const stamps=past.concat(rows).map(r=>String(r[time])),ticks=Math.min(5,count);
  for(let k=0;k<ticks;k++){const i=Math.round(k*(count-1)/Math.max(ticks-1,1));
    svg.append(shape('text',{x:x(i),y:H-8,'font-size':11,'text-anchor':k===0?'start':k===ticks-1?'end':'middle',fill:'currentColor'},stamps[i].slice(0,16)));}
  const at=i=>past.length+i,band=rows.map((r,i)=>x(at(i))+','+y(hi(r))).concat(rows.map((r,i)=>x(at(i))+','+y(lo(r))).reverse()).join(' ');
  svg.append(shape('polygon',{points:band,fill:BLUE,opacity:.25}));
  const seen=past.map((r,i)=>r.value===null?'':x(i)+','+y(r.value)).filter(Boolean).join(' ');
  if(seen)svg.append(shape('polyline',{points:seen,fill:'none',stroke:'currentColor','stroke-width':1.5}));
  svg.append(shape('polyline',{points:rows.map((r,i)=>x(at(i))+','+y(r.forecast)).join(' '),fill:'none',stroke:BLUE,'stroke-width':2}));
  let right=L;for(const [text,colour,opacity] of [['observed','currentColor',1],['forecast',BLUE,1],[width+' % interval',BLUE,.25]]){
    svg.append(shape('rect',{x:right,y:24,width:18,height:opacity<1?10:2,fill:colour,opacity:opacity,transform:opacity<1?'':'translate(0,4)'}));
    svg.append(shape('text',{x:right+24,y:33,'font-size':12,fill:'currentColor'},text));right+=44+7*text.length;}
}
function table(rows){
  const names=Object.keys(rows[0]),t=by('rows');t.replaceChildren();
  const line=(cells,tag)=>{const r=document.createElement('tr');for(const c of cells){const e=document.createElement(tag);
    e.textContent=number(c);if(typeof c!=='number')e.className='text';r.append(e);}t.append(r);};
  line(names,'th');rows.slice(0,20).forEach(r=>line(names.map(n=>r[n]),'td'));
}
function show(){
  const {named,time,rows,past}=answer,name=by('series').value,own=r=>!named||r[named]===name;
  draw(past.filter(own),rows.filter(own),time,named?name:'');table(rows.filter(own));
}
function worth(metrics){
  if(!metrics||!metrics.model||metrics.skill===null||metrics.skill===undefined)return '';
  const share=Math.abs(100*metrics.skill).toFixed(1)+' % '+(metrics.skill>0?'lower':'higher');
  return 'On '+metrics.windows+' windows of its own past the error (MASE) was '+share+' than that of '+metrics.baseline_name+'.';
}
async function send(){
  if(!file){say('Choose a file first.',true);return;}
  say('Forecasting …');by('save').hidden=true;by('worth').textContent='';
  const q=new URLSearchParams({history:60});for(const k of ['model','horizon','target','hierarchy'])if(by(k).value)q.set(k,by(k).value);
  const head={'Content-Type':'text/csv'};if(by('token').value)head.Authorization='Bearer '+by('token').value;
  try{
    const reply=await fetch('forecast?'+q,{method:'POST',headers:head,body:file}),said=await reply.json();
    if(!reply.ok){if(reply.status===401)by('secret').hidden=false;say(said.error.message+(said.error.hint?'. '+said.error.hint:''),true);return;}
    const rows=said.forecasts,names=Object.keys(rows[0]),time=said.columns.time,named=said.columns.id;
    answer={rows,past:said.history,time,named};
    const all=named?[...new Set(rows.map(r=>r[named]))]:[],select=by('series');
    select.replaceChildren(...all.map(n=>{const o=document.createElement('option');o.textContent=n;o.value=n;return o;}));
    by('which').hidden=all.length<2;show();
    const cell=v=>/[",\n]/.test(v)?'"'+String(v).replaceAll('"','""')+'"':v;
    csv=[names].concat(rows.map(r=>names.map(n=>r[n]))).map(r=>r.map(cell).join(',')).join('\n')+'\n';
    by('save').hidden=false;
    by('worth').textContent=[worth(said.metrics),...said.warnings].filter(Boolean).join(' ');
    say(said.series+' series, '+said.horizon+' steps, by '+said.model+(said.version?' '+said.version:''));
  }catch(fault){say('The service did not answer: '+fault.message,true);}
}
async function list(){
  const head=by('token').value?{Authorization:'Bearer '+by('token').value}:{};
  try{const reply=await fetch('models',{headers:head});if(reply.status===401){by('secret').hidden=false;return;}
    const names=(await reply.json()).map(m=>m.name).concat('builtin');
    by('models').replaceChildren(...names.map(n=>{const o=document.createElement('option');o.value=n;return o;}));}catch(fault){}
}
function take(chosen){if(chosen){file=chosen;by('name').textContent=by('file').files[0]===chosen?'':chosen.name;send();}}
by('file').addEventListener('change',e=>take(e.target.files[0]));
by('go').addEventListener('click',send);
by('series').addEventListener('change',show);
by('token').addEventListener('change',list);
const drop=by('drop');
for(const name of ['dragover','dragenter'])drop.addEventListener(name,e=>{e.preventDefault();drop.classList.add('over');});
for(const name of ['dragleave','drop'])drop.addEventListener(name,()=>drop.classList.remove('over'));
drop.addEventListener('drop',e=>{e.preventDefault();take(e.dataTransfer.files[0]);});
by('save').addEventListener('click',()=>{const a=document.createElement('a');a.href=URL.createObjectURL(new Blob([csv],{type:'text/csv'}));
  a.download='forecasts.csv';a.click();URL.revokeObjectURL(a.href);});
list();
