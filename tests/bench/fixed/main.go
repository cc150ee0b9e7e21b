// SPDX-License-Identifier: Apache-2.0

// Fixed does the same work as often as it is told to, and says what it took.
//
// For each line "N" on standard input: N steps on every worker, then a line "WALL CPU" in
// nanoseconds, CPU being that of the whole process. The work is CPU-bound and mixed: calls through
// interfaces, sorting, maps, hashing, compression, and the garbage collector they make work.
package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const clockProcessCPU = 2 // CLOCK_PROCESS_CPUTIME_ID

func cpuTime() time.Duration {
	var t syscall.Timespec
	_, _, e := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockProcessCPU,
		uintptr(unsafe.Pointer(&t)), 0)
	if e != 0 {
		panic(e)
	}
	return time.Duration(t.Nano())
}

type shape interface{ area() float64 }

type square struct{ side float64 }
type disc struct{ radius float64 }
type box struct{ width, height float64 }

func (s *square) area() float64 { return s.side * s.side }
func (d *disc) area() float64   { return 3 * d.radius * d.radius }
func (b *box) area() float64    { return b.width * b.height }

type worker struct {
	random uint64
	shapes []shape
	words  []string
	packed bytes.Buffer
	writer *flate.Writer
	sum    float64
}

func (w *worker) next() uint64 {
	w.random ^= w.random << 13
	w.random ^= w.random >> 7
	w.random ^= w.random << 17
	return w.random
}

func newWorker(seed uint64) *worker {
	w := &worker{random: seed*0x9e3779b97f4a7c15 + 1}
	for i := 0; i < 3000; i++ {
		size := float64(w.next() % 1000)
		switch i % 3 {
		case 0:
			w.shapes = append(w.shapes, &square{size})
		case 1:
			w.shapes = append(w.shapes, &disc{size})
		default:
			w.shapes = append(w.shapes, &box{size, 2})
		}
	}
	var err error
	if w.writer, err = flate.NewWriter(&w.packed, flate.BestSpeed); err != nil {
		panic(err)
	}
	return w
}

func (w *worker) step() {
	for i := 0; i < 100; i++ {
		for _, s := range w.shapes {
			w.sum += s.area()
		}
	}
	w.words = w.words[:0]
	for i := 0; i < 2000; i++ {
		w.words = append(w.words, strconv.FormatUint(w.next()%5000, 36))
	}
	sort.Strings(w.words)
	count := map[string]int{}
	for _, word := range w.words {
		count[word]++
	}
	text := []byte(strings.Join(w.words, " "))
	digest := sha256.Sum256(text)
	w.packed.Reset()
	w.writer.Reset(&w.packed)
	w.writer.Write(text)
	w.writer.Close()
	w.sum += float64(len(count)) + float64(digest[0])
}

func work(workers []*worker, steps int) {
	var group sync.WaitGroup
	for _, w := range workers {
		group.Add(1)
		go func(w *worker) {
			defer group.Done()
			for i := 0; i < steps; i++ {
				w.step()
			}
		}(w)
	}
	group.Wait()
}

func main() {
	var workers []*worker
	for i := 0; i < runtime.GOMAXPROCS(0); i++ {
		workers = append(workers, newWorker(uint64(i+1)))
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		steps, err := strconv.Atoi(lines.Text())
		if err != nil {
			panic(err)
		}
		runtime.GC() // so that each time begins alike
		wall, cpu := time.Now(), cpuTime()
		work(workers, steps)
		fmt.Println(time.Since(wall).Nanoseconds(), (cpuTime() - cpu).Nanoseconds())
	}
}
