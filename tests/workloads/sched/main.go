// SPDX-License-Identifier: Apache-2.0

// Sched spends its time in the scheduler: channels, mutexes, timers, and goroutines that live for
// a moment.
package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"example.com/hone/workloads/window"
)

// pipeline hands numbers through stages of one goroutine each.
func pipeline(n, stages, capacity int) (sum int) {
	in := make(chan int, capacity)
	out := in
	for i := 0; i < stages; i++ {
		from, to := out, make(chan int, capacity)
		go func() {
			for v := range from {
				to <- v*3 + 1
			}
			close(to)
		}()
		out = to
	}
	go func() {
		for i := 0; i < n; i++ {
			in <- i
		}
		close(in)
	}()
	for v := range out {
		sum += v
	}
	return sum
}

// ring is unbuffered and waits in select.
func ring(n int) {
	ping, pong, quit := make(chan int), make(chan int), make(chan struct{})
	go func() {
		for {
			select {
			case v := <-ping:
				pong <- v + 1
			case <-quit:
				return
			}
		}
	}()
	for i := 0; i < n; i++ {
		ping <- i
		<-pong
	}
	close(quit)
}

type table struct {
	sync.RWMutex
	rows map[int]int
}

func (t *table) get(key int) int {
	t.RLock()
	defer t.RUnlock()
	return t.rows[key]
}

func (t *table) set(key, value int) {
	t.Lock()
	defer t.Unlock()
	t.rows[key] = value
}

// contend has goroutines wait for one another at a mutex.
func contend(n int) {
	var done sync.WaitGroup
	var mutex sync.Mutex
	t := table{rows: map[int]int{}}
	turns := 0
	for g := 0; g < 4; g++ {
		done.Add(1)
		go func(g int) {
			defer done.Done()
			for i := 0; i < n; i++ {
				mutex.Lock()
				turns++
				mutex.Unlock()
				if t.get(i%13) < i {
					t.set(i%13, i)
				}
				if i%50 == 0 {
					runtime.Gosched()
				}
			}
		}(g)
	}
	done.Wait()
}

func short(n int) int64 {
	var done sync.WaitGroup
	var sum atomic.Int64
	for i := 0; i < n; i++ {
		done.Add(1)
		go func(v int64) {
			sum.Add(v)
			done.Done()
		}(int64(i))
	}
	done.Wait()
	return sum.Load()
}

func timers(n int) {
	var fired sync.WaitGroup
	for i := 0; i < n; i++ {
		fired.Add(1)
		time.AfterFunc(time.Duration(i)*time.Microsecond, fired.Done)
	}
	fired.Wait()

	for i := 0; i < n; i++ {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		child, stop := context.WithCancel(ctx)
		stop()
		<-child.Done()
		cancel()
	}
	t := time.NewTicker(50 * time.Microsecond)
	for i := 0; i < 5; i++ {
		<-t.C
	}
	t.Stop()
}

var pool = sync.Pool{New: func() any { return new([512]byte) }}

func pooled(n int) {
	for i := 0; i < n; i++ {
		b := pool.Get().(*[512]byte)
		b[i%512]++
		pool.Put(b)
	}
}

func main() {
	window.Main(window.Workload{
		Workers: 8, // while some of them wait, others work
		Step: func(int) {
			pipeline(500, 4, 8)
			pipeline(100, 3, 0)
			ring(300)
			contend(300)
			short(500)
			timers(50)
			pooled(1000)
		},
	})
}
