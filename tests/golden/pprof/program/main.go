// SPDX-License-Identifier: Apache-2.0

// Command pprof holds libpprof against github.com/google/pprof/profile, which defines the format:
//
//   - profiles of runtime/pprof, profiles with something in every field, and random ones come back
//     from libpprof with the same contents, accepted by Parse and CheckValid;
//   - of a great many damaged ones, libpprof refuses what google/pprof refuses, takes what it
//     takes, and both read the same.
//
// Usage: pprof REWRITE, where REWRITE is the program made of ../rewrite.c.
package main

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"

	"github.com/google/pprof/profile"
)

// Enough for each field and each table to be hit many times; a few seconds.
const (
	randomProfiles = 300
	damagedOfEach  = 1500
)

type run struct {
	libpprof *rewriter
	failed   int
	taken    int
	refused  int
}

func (r *run) fail(format string, args ...any) {
	r.failed++
	if r.failed <= 10 {
		fmt.Printf(format+"\n", args...)
	}
}

// check asks that p is the same after having gone through libpprof, compressed and plain.
func (r *run) check(name string, p *profile.Profile) {
	var gz, plain bytes.Buffer
	if err := p.Write(&gz); err != nil {
		r.fail("%s: %v", name, err)
		return
	}
	p.WriteUncompressed(&plain)
	want := text(p)
	for _, data := range [][]byte{gz.Bytes(), plain.Bytes()} {
		written, reason := r.libpprof.rewrite(data)
		if reason != "" {
			r.fail("%s: refused: %s", name, reason)
			return
		}
		got, err := profile.ParseData(written)
		if err != nil {
			r.fail("%s: google/pprof refuses what was written: %v", name, err)
			return
		}
		if err := compare(want, text(got)); err != nil {
			r.fail("%s: %v", name, err)
			return
		}
		if data[0] == 0x1f && written[0] != 0x1f {
			r.fail("%s: not compressed", name)
		}
	}
}

// damage asks that libpprof and google/pprof agree on damaged bytes of p.
func (r *run) damage(name string, p *profile.Profile, random *rand.Rand) {
	var plain bytes.Buffer
	p.WriteUncompressed(&plain)
	for i := 0; i < damagedOfEach; i++ {
		data := damaged(plain.Bytes(), random)
		want, refusal := parse(data)
		written, reason := r.libpprof.rewrite(data)
		if reason == stricter {
			continue
		}
		if (refusal != nil) != (reason != "") {
			r.fail("%s: google/pprof: %v, libpprof: %s\n%x", name, refusal, reason, data)
			continue
		}
		if refusal != nil {
			r.refused++
			continue
		}
		r.taken++
		got, err := parse(written)
		if err != nil {
			r.fail("%s: google/pprof refuses what was written: %v\n%x", name, err, data)
			continue
		}
		if err := compare(text(want), text(got)); err != nil {
			r.fail("%s: %v\n%x", name, err, data)
		}
	}
}

func main() {
	libpprof, err := start(os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	r := &run{libpprof: libpprof}
	random := rand.New(rand.NewSource(1))
	whole := map[string]*profile.Profile{"every field": everyField()}
	for name, p := range ownProfiles() {
		whole[name] = p
	}
	for name, p := range whole {
		r.check(name, p)
	}
	for i := 0; i < randomProfiles; i++ {
		r.check(fmt.Sprintf("random %d", i), randomProfile(random))
	}
	for i := 0; i < 6; i++ {
		r.damage("damaged random", randomProfile(random), random)
	}
	r.damage("damaged every field", everyField(), random)
	r.damage("damaged cpu", whole["cpu"], random)
	libpprof.stop()
	fmt.Printf("%d profiles the same; of damaged ones %d taken and the same, %d refused by both\n",
		len(whole)+randomProfiles, r.taken, r.refused)
	if r.failed > 0 || r.taken < 100 || r.refused < 100 {
		fmt.Printf("%d differences\n", r.failed)
		os.Exit(1)
	}
}
