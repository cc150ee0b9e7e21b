// SPDX-License-Identifier: Apache-2.0

package main

// A Filter says whether a product may be shown at all.
type Filter interface {
	Keep(p *Product) bool
}

type priceRange struct{ min, max int64 }

func (r priceRange) Keep(p *Product) bool { return p.Cents >= r.min && p.Cents <= r.max }

type inStock struct{}

func (inStock) Keep(p *Product) bool { return p.Stock > 0 }

// A Scorer says how well a product fits; the scores of all scorers are added up.
type Scorer interface {
	Score(p *Product) float64
}

// taste scores by how close a product is to what the customer likes.
type taste struct{ likes Vector }

func (t *taste) Score(p *Product) float64 { return 1 / (1 + float64(distance(t.likes, p.Features))) }

// popularity lifts well-rated products a little, and those that are running out not at all.
type popularity struct{ weight float64 }

func (s *popularity) Score(p *Product) float64 {
	if p.Stock < 3 {
		return 0
	}
	lift := s.weight * (p.Rating - 1) / 4
	if p.Stock > 20 {
		lift *= 1.1
	}
	return lift
}

// Hit is a product with its score.
type Hit struct {
	*Product
	Score float64 `json:"score"`
}

func better(a, b Hit) bool {
	if a.Score != b.Score {
		return a.Score > b.Score
	}
	return a.ID < b.ID
}

// search ranks the found products that pass every filter and gives the best n.
func search(products []*Product, found Postings, filters []Filter, scorers []Scorer, n int) []Hit {
	top := newTop(n, better)
	for id := found.Seek(0); id < none; id = found.Seek(id + 1) {
		if p := products[id]; passes(filters, p) {
			top.Add(Hit{p, total(scorers, p)})
		}
	}
	return top.Sorted()
}

func passes(filters []Filter, p *Product) bool {
	for _, f := range filters {
		if !f.Keep(p) {
			return false
		}
	}
	return true
}

func total(scorers []Scorer, p *Product) float64 {
	sum := 0.0
	for _, s := range scorers {
		sum += s.Score(p)
	}
	return sum
}
