// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand"
	"strings"
)

// Product is one thing on sale.
type Product struct {
	ID       int      `json:"id"`
	Name     string   `json:"name"`
	Brand    string   `json:"brand"`
	Category string   `json:"category"`
	Tags     []string `json:"tags"`
	Cents    int64    `json:"cents"`
	Stock    int      `json:"stock"`

	Features Vector   `json:"-"`
	words    []string // of name, brand and tags, lower case
}

var (
	adjectives = strings.Fields("red blue green small large light heavy quiet fast warm cold smart classic modern plain bright soft solid slim wide")
	nouns      = strings.Fields("kettle lamp chair desk phone cable mouse keyboard bottle jacket shoe watch camera speaker pan knife rug clock fan bag")
	brands     = strings.Fields("Acme Birch Cobalt Dune Ember Fjord Grove Harbor Iris Juniper")
	tags       = strings.Fields("sale new eco gift kitchen office travel sport home outdoor")
)

// dimensions of every product's features.
const dimensions = 48

// newCatalog makes n products, the same ones for the same seed.
func newCatalog(n int, seed int64) *Catalog {
	random := rand.New(rand.NewSource(seed))
	pick := func(from []string) string { return from[random.Intn(len(from))] }
	products := make([]*Product, n)
	for i := range products {
		p := &Product{
			ID:       i,
			Name:     fmt.Sprintf("%s %s %s", pick(adjectives), pick(adjectives), pick(nouns)),
			Brand:    pick(brands),
			Category: pick(nouns),
			Tags:     []string{pick(tags), pick(tags)},
			Cents:    int64(100 + random.Intn(50000)),
			Stock:    random.Intn(40),
			Features: newFeatures(random),
		}
		p.words = tokenize(p.Name + " " + p.Brand + " " + strings.Join(p.Tags, " "))
		products[i] = p
	}
	return &Catalog{products: products, index: newIndex(products)}
}

func newFeatures(random *rand.Rand) Vector {
	v := &coarse{make([]int8, dimensions), 1.0 / 128}
	for i := range v.steps {
		v.steps[i] = int8(random.Intn(256) - 128)
	}
	return v
}

// tokenize splits text into lower-case words of letters and digits.
func tokenize(text string) []string {
	var words []string
	start := -1
	for i := 0; i <= len(text); i++ {
		if i < len(text) && isWord(text[i]) {
			if start < 0 {
				start = i
			}
		} else if start >= 0 {
			words = append(words, strings.ToLower(text[start:i]))
			start = -1
		}
	}
	return words
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
