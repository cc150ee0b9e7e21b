// SPDX-License-Identifier: Apache-2.0

// Manifests reads Kubernetes manifests as the API server would: into its own published types
// (k8s.io/api), where a field that they do not have, or have twice, is an error.
//
//	manifests check FILE                  what kinds there are; all that is wrong
//	manifests config FILE                 the ConfigMap's file, for --check-config
//	manifests bundle FILE FOLDER ID ARG...
//	    FOLDER/config.json and what it mounts: the container as kubelet and containerd hand it to
//	    runc, with ARG... as the image's entry point, FOLDER/rootfs as its root, what it mounts
//	    of the node's files in FOLDER/node, but for /sys, and other volumes in FOLDER/volumes:
//	    those of Secrets and claims are empty.
package main

import (
	"fmt"
	"os"
)

func run(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: manifests check|config|bundle FILE ...")
	}
	all, err := read(args[1])
	if err != nil {
		return err
	}
	switch args[0] {
	case "check":
		return check(all)
	case "config":
		for _, text := range all.config.Data {
			_, err = os.Stdout.WriteString(text)
		}
		return err
	case "bundle":
		return bundle(all, args[2], args[3], args[4:])
	}
	return fmt.Errorf("no such command: %s", args[0])
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
