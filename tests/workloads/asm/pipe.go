// SPDX-License-Identifier: Apache-2.0
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"time"

	"example.com/hone/workloads/window"
)

// pipe is a TLS connection within the process, ciphered with ChaCha20-Poly1305: the standard
// library has no other door to that code.
type pipe struct {
	conn *tls.Conn
}

func newPipe() *pipe {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	window.Check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(24 * time.Hour),
		DNSNames:     []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	window.Check(err)
	certificate, err := x509.ParseCertificate(der)
	window.Check(err)
	roots := x509.NewCertPool()
	roots.AddCert(certificate)

	near, far := net.Pipe()
	server := tls.Server(far, &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	})
	go io.Copy(io.Discard, server)
	return &pipe{tls.Client(near, &tls.Config{
		RootCAs:      roots,
		ServerName:   "localhost",
		MaxVersion:   tls.VersionTLS12,
		CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256},
	})}
}

func (p *pipe) send(data []byte) {
	for i := 0; i < 4; i++ {
		_, err := p.conn.Write(data)
		window.Check(err)
	}
}
