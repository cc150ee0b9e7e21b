# SPDX-License-Identifier: Apache-2.0
#
# include hone.mk: `make pgo` brings the default.pgo of every main package up to date, from $HONE_STORE.
# It never fails a build, and changes no file whose profile is the same; so a target that builds may
# well depend on it.
#
#	build: pgo
#		go build ./...
#
# FAIL=--fail makes it fail where there is no profile, as for a release.
HONE ?= hone
PGO_PACKAGES ?= ./...

.PHONY: pgo
pgo:
	$(HONE) pull $(FAIL) $(PGO_PACKAGES)
