'use strict';
const by=id=>document.getElementById(id),NS='http://www.w3.org/2000/svg';
let csv='';
function say(text,wrong){by('said').textContent=text;by('said').className=wrong?'wrong':'';}
function shape(name,attributes){const e=document.createElementNS(NS,name);for(const k in attributes)e.setAttribute(k,attributes[k]);return e;}
function draw(rows,level){
  const svg=by('chart');svg.replaceChildren();if(!rows.length)return;
  const lo=r=>r['forecast-lo-'+level],hi=r=>r['forecast-hi-'+level],W=800,H=300;
  let least=Math.min(...rows.map(lo)),most=Math.max(...rows.map(hi));if(least===most){least-=1;most+=1;}
  const x=i=>40+i*(W-60)/Math.max(rows.length-1,1),y=v=>H-30-(v-least)*(H-50)/(most-least);
  svg.setAttribute('viewBox','0 0 '+W+' '+H);
  const band=rows.map((r,i)=>x(i)+','+y(hi(r))).concat(rows.map((r,i)=>x(i)+','+y(lo(r))).reverse()).join(' ');
  svg.append(shape('polygon',{points:band,fill:'#4a7ebb',opacity:.25}));
  svg.append(shape('polyline',{points:rows.map((r,i)=>x(i)+','+y(r.forecast)).join(' '),fill:'none',stroke:'#4a7ebb','stroke-width':2}));
  for(const v of [least,most]){const t=shape('text',{x:0,y:y(v)+4,'font-size':12,fill:'currentColor'});t.textContent=Number(v.toPrecision(4));svg.append(t);}
}
function table(rows){
  const names=Object.keys(rows[0]),t=by('rows');t.replaceChildren();
  const line=(cells,tag)=>{const r=document.createElement('tr');for(const c of cells){const e=document.createElement(tag);
    e.textContent=typeof c==='number'?Number(c.toPrecision(5)):c;r.append(e);}t.append(r);};
  line(names,'th');rows.slice(0,20).forEach(r=>line(names.map(n=>r[n]),'td'));
}
async function send(file){
  say('Forecasting …');by('save').hidden=true;
  const q=new URLSearchParams();for(const k of ['model','horizon'])if(by(k).value)q.set(k,by(k).value);
  const head={'Content-Type':'text/csv'};if(by('token').value)head.Authorization='Bearer '+by('token').value;
  try{
    const answer=await fetch('forecast?'+q,{method:'POST',headers:head,body:file}),said=await answer.json();
    if(!answer.ok){say(said.error.message+'. '+said.error.hint,true);return;}
    const rows=said.forecasts,named=Object.keys(rows[0])[0],first=rows[0][named];
    const one=said.series>1?rows.filter(r=>r[named]===first):rows;
    draw(one,80);table(one);
    const names=Object.keys(rows[0]),cell=v=>/[",\n]/.test(v)?'"'+String(v).replaceAll('"','""')+'"':v;
    csv=[names].concat(rows.map(r=>names.map(n=>r[n]))).map(r=>r.map(cell).join(',')).join('\n')+'\n';
    by('save').hidden=false;
    say(said.series+' series, '+said.horizon+' steps, by '+said.model+(said.version?' '+said.version:'')+(said.series>1?'; the first is shown':''));
  }catch(fault){say('The service did not answer: '+fault.message,true);}
}
by('file').addEventListener('change',e=>{if(e.target.files[0])send(e.target.files[0]);});
const drop=by('drop');
for(const name of ['dragover','dragenter'])drop.addEventListener(name,e=>{e.preventDefault();drop.classList.add('over');});
for(const name of ['dragleave','drop'])drop.addEventListener(name,()=>drop.classList.remove('over'));
drop.addEventListener('drop',e=>{e.preventDefault();if(e.dataTransfer.files[0])send(e.dataTransfer.files[0]);});
by('save').addEventListener('click',()=>{const a=document.createElement('a');a.href=URL.createObjectURL(new Blob([csv],{type:'text/csv'}));
  a.download='forecasts.csv';a.click();URL.revokeObjectURL(a.href);});
