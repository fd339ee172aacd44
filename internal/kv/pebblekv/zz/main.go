package main
import ("fmt";"os";"time";"strings";"context";"encoding/binary";"sync";"github.com/keyhaven/keyhaven/internal/kv/pebblekv";"github.com/keyhaven/keyhaven/internal/kv";"runtime/debug")
func rss() string { b,_:=os.ReadFile("/proc/self/status"); for _,l:=range strings.Split(string(b),"\n"){ if strings.HasPrefix(l,"VmRSS"){return l}}; return "" }
func main(){
 dir,_:=os.MkdirTemp("","x"); defer os.RemoveAll(dir)
 fmt.Println("start",rss())
 t:=time.Now(); s,err:=pebblekv.Open(dir+"/kv",pebblekv.Options{}); if err!=nil{panic(err)}; fmt.Println("open",time.Since(t),rss())
 var wg sync.WaitGroup
 for g:=range 32 { wg.Go(func(){ v:=make([]byte,4096); for i:=range 1500 { k:=binary.BigEndian.AppendUint64([]byte("d"),uint64(g*100000+i)); s.Update(context.Background(),func(x kv.Txn)error{ return x.Set(k,v)}) } }) }
 wg.Wait(); fmt.Println("loaded",rss(), fmt.Sprintf("%+v",s.Metrics()))
 debug.FreeOSMemory(); fmt.Println("freed",rss())
 t=time.Now(); fmt.Println(s.Close(), time.Since(t))
 t=time.Now(); s,err=pebblekv.Open(dir+"/kv",pebblekv.Options{}); fmt.Println("reopen",err,time.Since(t),rss()); s.Close()
}
