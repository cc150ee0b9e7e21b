// SPDX-License-Identifier: Apache-2.0

// A program that says of every pc of its own text what the Go runtime would put into a CPU profile
// for it: to be compared with what agent/binary reads from the file (compare.c).
//
// Usage: program [stride], default 1. Standard output, integers little-endian:
//
//	"hone symbols 1\n"
//	uint64 first pc of Go text, uint64 end
//	records, each beginning with a tag byte:
//	  's' uint32 length, bytes     a string; strings are numbered from 0 in order of appearance
//	  'p' a run of pcs, in steps of stride, that differ in nothing but the pc
//	      uint64 first pc, uint32 number of pcs, uint8 number of frames, frames, innermost first:
//	      uint64 pc (of the first pc of the run; only the innermost moves along)
//	      uint32 function, uint32 file (string numbers), int32 line, int32 start line
//	  'l' the last byte of a function, otherwise as 'p'; see describeLast
//	  'e' the end
package main

import (
	"bufio"
	"encoding/binary"
	"os"
	"runtime"
	"strconv"
	_ "unsafe"
)

// How runtime/pprof asks the runtime (runtime/pprof/proto.go).

//go:linkname expandFinalInlineFrame runtime/pprof.runtime_expandFinalInlineFrame
func expandFinalInlineFrame(stk []uintptr) []uintptr

//go:linkname frameStartLine runtime/pprof.runtime_FrameStartLine
func frameStartLine(f *runtime.Frame) int

type frame struct {
	pc              uintptr
	function, file  uint32
	line, startLine int32
}

type run struct {
	tag    byte
	pc     uintptr
	n      uint32
	frames []frame
}

type dumper struct {
	out     *bufio.Writer
	strings map[string]uint32
	stride  uintptr
	run     run
	stack   []uintptr
	frames  []frame
}

func (d *dumper) write(v any) {
	if err := binary.Write(d.out, binary.LittleEndian, v); err != nil {
		panic(err)
	}
}

func (d *dumper) text(s string) uint32 {
	n, ok := d.strings[s]
	if !ok {
		n = uint32(len(d.strings))
		d.strings[s] = n
		d.out.WriteByte('s')
		d.write(uint32(len(s)))
		d.out.WriteString(s)
	}
	return n
}

// describe fills d.frames with the logical frames at pc as runtime/pprof finds them.
func (d *dumper) describe(pc uintptr) {
	d.stack = expandFinalInlineFrame(append(d.stack[:0], pc+1))
	d.frames = d.frames[:0]
	for i := range d.stack {
		f, _ := runtime.CallersFrames(d.stack[i : i+1]).Next()
		d.frames = append(d.frames, frame{f.PC, d.text(symbolName(&f)), d.text(f.File),
			int32(f.Line), int32(frameStartLine(&f))})
	}
}

// describeLast is for the last byte of a function. CallersFrames looks up pc+1, which is another
// function; FuncForPC looks up pc itself, but tells the innermost frame only, its name as printed
// ([...] for type arguments) and no start line.
func (d *dumper) describeLast(pc uintptr) {
	f := runtime.FuncForPC(pc)
	file, line := f.FileLine(pc)
	d.frames = append(d.frames[:0], frame{pc, d.text(f.Name()), d.text(file), int32(line), 0})
}

func (d *dumper) continues(tag byte, pc uintptr) bool {
	r := &d.run
	if r.tag != tag || pc != r.pc+uintptr(r.n)*d.stride || len(r.frames) != len(d.frames) {
		return false
	}
	for i, f := range d.frames {
		if i == 0 && f.pc == pc {
			f.pc = r.frames[0].pc
		}
		if f != r.frames[i] {
			return false
		}
	}
	return len(r.frames) > 0 && r.frames[0].pc == r.pc
}

func (d *dumper) flush() {
	if d.run.n == 0 {
		return
	}
	d.out.WriteByte(d.run.tag)
	d.write(uint64(d.run.pc))
	d.write(d.run.n)
	d.write(uint8(len(d.run.frames)))
	for _, f := range d.run.frames {
		d.write(uint64(f.pc))
		d.write([2]uint32{f.function, f.file})
		d.write([2]int32{f.line, f.startLine})
	}
	d.run.n = 0
}

func (d *dumper) add(tag byte, pc uintptr) {
	if !d.continues(tag, pc) {
		d.flush()
		d.run = run{tag, pc, 0, append(d.run.frames[:0], d.frames...)}
	}
	d.run.n++
}

func (d *dumper) all(first, end uintptr) {
	d.write([2]uint64{uint64(first), uint64(end)})
	for pc := first; pc < end; pc += d.stride {
		next := runtime.FuncForPC(pc + 1)
		if pc+1 == end || next.Entry() == pc+1 {
			d.describeLast(pc)
			d.add('l', pc)
		} else {
			d.describe(pc)
			d.add('p', pc)
		}
	}
	d.flush()
	d.out.WriteByte('e')
}

// edge finds where Go text ends, going by step from pc on, which is in it.
func edge(pc uintptr, down bool) uintptr {
	step := uintptr(1) << 32
	for ; step > 0; step /= 2 {
		next := pc + step
		if down {
			next = pc - step
			if next > pc {
				continue
			}
		}
		for runtime.FuncForPC(next) != nil {
			pc = next
			if down {
				next -= step
			} else {
				next += step
			}
		}
	}
	return pc
}

func main() {
	if len(workAll()) == 0 {
		os.Exit(1)
	}
	d := &dumper{out: bufio.NewWriterSize(os.Stdout, 1<<20), strings: map[string]uint32{}, stride: 1}
	if len(os.Args) > 1 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil || n < 1 {
			os.Exit(2)
		}
		d.stride = uintptr(n)
	}
	here, _, _, _ := runtime.Caller(0)
	d.out.WriteString("hone symbols 1\n")
	d.all(edge(here, true), edge(here, false)+1)
	if err := d.out.Flush(); err != nil {
		os.Exit(1)
	}
}
