// SPDX-License-Identifier: Apache-2.0

// Asm spends its time in assembly: leaves without a frame, and functions which keep something else
// in the frame pointer register.
package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash/crc32"
	"math/big"
	mathrand "math/rand"
	"strings"

	"example.com/hone/workloads/window"
)

const block = 16 << 10

// state is what one worker works on.
type state struct {
	data, copy []byte
	text       string
	aead       cipher.AEAD
	ec         *ecdsa.PrivateKey
	rsa        *rsa.PrivateKey
	tls        *pipe
}

func newState() *state {
	s := &state{data: make([]byte, block), copy: make([]byte, block), tls: newPipe()}
	for i := range s.data {
		s.data[i] = byte(i % 251)
	}
	s.text = strings.Repeat("abcdefghijklmnopqrstuvwxy", 200) + "z"

	c, err := aes.NewCipher(s.data[:32])
	window.Check(err)
	s.aead, err = cipher.NewGCM(c)
	window.Check(err)
	s.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	window.Check(err)
	s.rsa, err = rsa.GenerateKey(rand.Reader, 2048)
	window.Check(err)
	return s
}

func (s *state) move() {
	for i := 0; i < 300; i++ {
		copy(s.copy[i%7:], s.data)
		for n := 1; n < 200; n += 7 {
			copy(s.copy[n:2*n], s.data[i:])
		}
	}
	for i := 0; i < 300; i++ {
		s.copy = append(s.copy[:0], s.data[:i*8]...)
	}
	s.copy = s.copy[:block]
	for i := 0; i < 100; i++ {
		clean(s.copy[:i*100])
	}
}

func clean(b []byte) {
	for i := range b {
		b[i] = 0
	}
}

func (s *state) search() (n int) {
	for i := 0; i < 60; i++ {
		n += strings.IndexByte(s.text, 'z')
		n += strings.Index(s.text, "xyz")
		n += bytes.Count(s.data, []byte{0})
		if bytes.Equal(s.data, s.copy) {
			n++
		}
		n += bytes.Compare(s.data[:9000], s.data[1:])
		n += strings.LastIndexByte(s.text, 'q') + strings.IndexByte(s.text[i:], 'a')
	}
	return n
}

func (s *state) hash() uint32 {
	sha1.Sum(s.data)
	sha256.Sum256(s.data)
	sha512.Sum512(s.data)
	md5.Sum(s.data)
	return crc32.ChecksumIEEE(s.data) ^ crc32.Checksum(s.data, crc32.MakeTable(crc32.Castagnoli))
}

func (s *state) seal() {
	var nonce [12]byte
	for i := 0; i < 4; i++ {
		s.aead.Seal(s.copy[:0], nonce[:], s.data[:8000], nil)
	}
}

func (s *state) sign() {
	digest := sha256.Sum256(s.data[:100])
	for i := 0; i < 4; i++ {
		signature, err := ecdsa.SignASN1(rand.Reader, s.ec, digest[:])
		window.Check(err)
		if !ecdsa.VerifyASN1(&s.ec.PublicKey, digest[:], signature) {
			panic("signature does not verify")
		}
	}
	for i := 0; i < 4; i++ {
		_, err := rsa.EncryptPKCS1v15(rand.Reader, &s.rsa.PublicKey, digest[:])
		window.Check(err)
	}
}

func (s *state) numbers() {
	a := new(big.Int).SetBytes(s.data[:400])
	b := new(big.Int).SetBytes(s.data[100:300])
	for i := 0; i < 20; i++ {
		new(big.Int).Mul(a, b)
		new(big.Int).Mod(a, b)
		new(big.Int).Add(a, b)
	}
	for i := 0; i < 2000; i++ {
		mathrand.Uint64()
	}
}

func main() {
	states := []*state{newState(), newState()}
	window.Main(window.Workload{
		Workers: len(states),
		Step: func(worker int) {
			s := states[worker]
			s.move()
			s.search()
			s.hash()
			s.seal()
			s.sign()
			s.numbers()
			s.tls.send(s.data)
		},
	})
}
