// SPDX-License-Identifier: Apache-2.0
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/containerd/containers"
	"github.com/containerd/containerd/contrib/seccomp"
	"github.com/containerd/containerd/namespaces"
	"github.com/containerd/containerd/oci"
	"github.com/opencontainers/runtime-spec/specs-go"
	core "k8s.io/api/core/v1"
)

const nodeName = "node-1"

// What of the node a hostPath shows: /sys is this machine's, all else is made for the test.
func nodePath(folder, path string) string {
	if strings.HasPrefix(path, "/sys/") {
		return path
	}
	return filepath.Join(folder, "node", path)
}

// Makes what a volume holds, and gives its path.
func source(m *manifests, volume core.Volume, folder string) (string, error) {
	if volume.HostPath != nil {
		path := nodePath(folder, volume.HostPath.Path)
		return path, os.MkdirAll(path, 0o755)
	}
	path := filepath.Join(folder, "volumes", volume.Name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", err
	}
	if volume.ConfigMap != nil {
		for name, text := range m.config.Data {
			if err := os.WriteFile(filepath.Join(path, name), []byte(text), 0o644); err != nil {
				return "", err
			}
		}
	}
	return path, nil
}

// Those of claims, too: by then the StatefulSet's controller has made volumes of them, and the kubelet
// has given them to the pod's group.
func volumes(m *manifests, folder string) ([]core.Volume, error) {
	w := m.workload()
	list := w.template.Spec.Volumes
	for _, claim := range w.claims {
		path := filepath.Join(folder, "volumes", claim.Name)
		err := errors.Join(os.MkdirAll(path, 0o755),
			os.Chown(path, 0, int(*w.template.Spec.SecurityContext.FSGroup)),
			os.Chmod(path, 0o775|os.ModeSetgid))
		if err != nil {
			return nil, err
		}
		list = append(list, core.Volume{Name: claim.Name})
	}
	return list, nil
}

// As the kubelet asks for them, and containerd passes them on.
func mounts(m *manifests, folder string) ([]specs.Mount, error) {
	w := m.workload()
	all, err := volumes(m, folder)
	if err != nil {
		return nil, err
	}
	var list []specs.Mount
	for _, volume := range all {
		path, err := source(m, volume, folder)
		if err != nil {
			return nil, err
		}
		for _, mount := range w.container().VolumeMounts {
			if mount.Name != volume.Name {
				continue
			}
			options := []string{"rbind", "rprivate", "rw"}
			if mount.ReadOnly {
				options[2] = "ro"
			}
			if mount.RecursiveReadOnly != nil {
				options = append(options, "rro")
			}
			list = append(list, specs.Mount{
				Destination: mount.MountPath, Type: "bind", Source: path, Options: options,
			})
		}
	}
	return list, nil
}

func environment(container *core.Container) ([]string, error) {
	var list []string
	for _, variable := range container.Env {
		value := variable.Value
		if from := variable.ValueFrom; from != nil {
			if from.FieldRef == nil || from.FieldRef.FieldPath != "spec.nodeName" {
				return nil, fmt.Errorf("%s: not spec.nodeName", variable.Name)
			}
			value = nodeName
		}
		list = append(list, variable.Name+"="+value)
	}
	return list, nil
}

// pkg/cri of containerd: what the sandbox's namespaces are to the container, and that of cgroups,
// which is private where only cgroup v2 is there, and tested as such everywhere.
func isolation(m *manifests) []specs.LinuxNamespace {
	list := []specs.LinuxNamespace{
		{Type: specs.MountNamespace}, {Type: specs.IPCNamespace}, {Type: specs.UTSNamespace},
		{Type: specs.NetworkNamespace}, {Type: specs.CgroupNamespace},
	}
	if !m.workload().template.Spec.HostPID {
		list = append(list, specs.LinuxNamespace{Type: specs.PIDNamespace})
	}
	return list
}

// What the container says goes before what its pod says.
func userOf(pod *core.PodSecurityContext, security *core.SecurityContext) specs.User {
	if security.RunAsUser != nil {
		return specs.User{UID: uint32(*security.RunAsUser), GID: uint32(*security.RunAsGroup)}
	}
	return specs.User{UID: uint32(*pod.RunAsUser), GID: uint32(*pod.RunAsGroup),
		AdditionalGids: []uint32{uint32(*pod.FSGroup)}}
}

func securityOf(w workload, spec *specs.Spec) {
	security := w.container().SecurityContext
	var held []string // "drop: ALL" is checked
	for _, capability := range security.Capabilities.Add {
		held = append(held, "CAP_"+string(capability))
	}
	spec.Process.Capabilities = &specs.LinuxCapabilities{
		Bounding: held, Permitted: held, Effective: held,
	}
	spec.Process.NoNewPrivileges = !*security.AllowPrivilegeEscalation
	spec.Process.User = userOf(w.template.Spec.SecurityContext, security)
	spec.Root.Readonly = *security.ReadOnlyRootFilesystem
	spec.Linux.Seccomp = seccomp.DefaultProfile(spec) // which calls depends on the capabilities
}

func bundle(m *manifests, folder, id string, entry []string) error {
	if err := check(m); err != nil {
		return err
	}
	w := m.workload()
	container := w.container()
	spec, err := oci.GenerateSpec(namespaces.WithNamespace(context.Background(), "k8s.io"), nil,
		&containers.Container{ID: id}, oci.WithDefaultPathEnv, oci.WithoutRunMount)
	if err != nil {
		return err
	}
	variables, err := environment(container)
	if err != nil {
		return err
	}
	extra, err := mounts(m, folder)
	if err != nil {
		return err
	}
	spec.Process.Args = append(append(entry, container.Command...), container.Args...)
	spec.Process.Env = append(spec.Process.Env, variables...)
	spec.Process.Rlimits = nil
	spec.Mounts = append(spec.Mounts, extra...)
	spec.Linux.Namespaces = isolation(m)
	spec.Linux.CgroupsPath = "/kubepods/burstable/pod12345678-9abc-def0-1234-56789abcdef0/" + id
	limit := container.Resources.Limits.Memory().Value()
	spec.Linux.Resources.Memory = &specs.LinuxMemory{Limit: &limit}
	securityOf(w, spec)
	text, err := json.MarshalIndent(spec, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "config.json"), text, 0o644)
}
