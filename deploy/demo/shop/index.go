// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"math"
	"sort"
	"strings"
)

// Postings walks over the products that a query term stands for, by ascending number.
type Postings interface {
	// Seek gives the first product that is not below id, or none. It never goes back.
	Seek(id int) int
}

// none is larger than any product's number.
const none = math.MaxInt

// packed is a list as the index stores it: the differences of the numbers, as varints.
type packed struct {
	source io.ByteReader
	id     int
}

func newPacked(list []byte) *packed { return &packed{bytes.NewReader(list), -1} }

func (p *packed) Seek(id int) int {
	for p.id < id {
		step, err := readVarint(p.source)
		if err != nil {
			p.id = none
		} else {
			p.id += step
		}
	}
	return p.id
}

func readVarint(source io.ByteReader) (int, error) {
	n, shift := 0, 0
	for {
		b, err := source.ReadByte()
		if err != nil {
			return 0, err
		}
		n |= int(b&0x7f) << shift
		if b < 0x80 {
			return n, nil
		}
		shift += 7
	}
}

func appendVarint(data []byte, n int) []byte {
	for n >= 0x80 {
		data = append(data, byte(n)|0x80)
		n >>= 7
	}
	return append(data, byte(n))
}

// all walks over what its lists have in common.
type all []Postings

func (lists all) Seek(id int) int {
	for {
		agreed := true
		for _, list := range lists {
			if found := list.Seek(id); found != id {
				id, agreed = found, false
			}
		}
		if agreed {
			return id
		}
	}
}

// anyOf walks over what is in at least one of its lists.
type anyOf []Postings

func (lists anyOf) Seek(id int) int {
	first := none
	for _, list := range lists {
		if found := list.Seek(id); found < first {
			first = found
		}
	}
	return first
}

// Index finds products by the words they have.
type Index struct {
	words []string // sorted
	lists map[string][]byte
}

func newIndex(products []*Product) *Index {
	index := &Index{lists: map[string][]byte{}}
	last := map[string]int{}
	for _, p := range products {
		for _, word := range p.words {
			previous, known := last[word]
			if !known {
				previous = -1
				index.words = append(index.words, word)
			}
			if previous < p.ID {
				index.lists[word] = appendVarint(index.lists[word], p.ID-previous)
				last[word] = p.ID
			}
		}
	}
	sort.Strings(index.words)
	return index
}

// Find walks over the products with all of the terms; a term may be the beginning of a word.
func (index *Index) Find(terms []string) Postings {
	lists := make(all, 0, len(terms))
	for _, term := range terms {
		lists = append(lists, index.beginningWith(term))
	}
	if len(lists) == 0 {
		return anyOf{}
	}
	return lists
}

func (index *Index) beginningWith(term string) Postings {
	var lists anyOf
	for i := sort.SearchStrings(index.words, term); i < len(index.words); i++ {
		word := index.words[i]
		if !strings.HasPrefix(word, term) {
			break
		}
		lists = append(lists, newPacked(index.lists[word]))
	}
	if len(lists) == 1 {
		return lists[0]
	}
	return lists
}
