// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
)

// What only libpprof refuses (its strings end at a NUL byte).
const stricter = "a string holds a NUL byte"

// A rewriter is a running ../rewrite.c.
type rewriter struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func start(path string) (*rewriter, error) {
	r := &rewriter{cmd: exec.Command(path)}
	r.cmd.Stderr = os.Stderr
	r.in, _ = r.cmd.StdinPipe()
	out, _ := r.cmd.StdoutPipe()
	r.out = bufio.NewReader(out)
	return r, r.cmd.Start()
}

func (r *rewriter) stop() {
	r.in.Close()
	if err := r.cmd.Wait(); err != nil {
		panic(err)
	}
}

// rewrite gives what libpprof writes after reading data, or the reason why it refused it.
func (r *rewriter) rewrite(data []byte) (written []byte, reason string) {
	binary.Write(r.in, binary.LittleEndian, uint32(len(data)))
	r.in.Write(data)
	var head [5]byte
	if _, err := io.ReadFull(r.out, head[:]); err != nil {
		panic("rewrite ended: " + err.Error())
	}
	answer := make([]byte, binary.LittleEndian.Uint32(head[1:]))
	if _, err := io.ReadFull(r.out, answer); err != nil {
		panic(err)
	}
	if head[0] != 0 {
		return nil, string(answer)
	}
	return answer, ""
}
