// SPDX-License-Identifier: Apache-2.0
package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
)

// What the agent may do, and no more: the same as in its unit of systemd.
var capabilities = []core.Capability{
	"BPF", "PERFMON", "SYS_PTRACE", "DAC_READ_SEARCH", "CHECKPOINT_RESTORE",
}

type findings struct{ list []error }

func (f *findings) unless(right bool, format string, args ...any) {
	if !right {
		f.list = append(f.list, fmt.Errorf(format, args...))
	}
}

// What names another object names one that is there.
func (f *findings) references(m *manifests) {
	pod := m.daemons.Spec.Template.Spec
	for _, where := range []string{m.account.Namespace, m.config.Namespace, m.daemons.Namespace} {
		f.unless(where == m.namespace.Name, "namespace %q", where)
	}
	f.unless(pod.ServiceAccountName == m.account.Name, "serviceAccountName")
	f.unless(pod.PriorityClassName == m.priority.Name, "priorityClassName")
	f.unless(m.binding.RoleRef.Name == m.role.Name && m.binding.RoleRef.Kind == "ClusterRole" &&
		m.binding.RoleRef.APIGroup == "rbac.authorization.k8s.io", "roleRef")
	f.unless(len(m.binding.Subjects) == 1 && m.binding.Subjects[0].Kind == "ServiceAccount" &&
		m.binding.Subjects[0].Name == m.account.Name &&
		m.binding.Subjects[0].Namespace == m.namespace.Name, "subjects")
	selector, err := meta.LabelSelectorAsSelector(m.daemons.Spec.Selector)
	f.unless(err == nil && selector.Matches(labels.Set(m.daemons.Spec.Template.Labels)), "selector: %v", err)
}

func (f *findings) volumes(m *manifests) {
	pod := m.daemons.Spec.Template.Spec
	unused := map[string]core.Volume{}
	for _, volume := range pod.Volumes {
		unused[volume.Name] = volume
	}
	for _, mount := range pod.Containers[0].VolumeMounts {
		volume, there := unused[mount.Name]
		delete(unused, mount.Name)
		f.unless(there, "no volume %q", mount.Name)
		f.unless(mount.ReadOnly || mount.Name == "state", "%q can be written", mount.Name)
		f.unless(volume.ConfigMap == nil || volume.ConfigMap.Name == m.config.Name, "configMap")
		if path := volume.HostPath; path != nil {
			f.unless(slices.Contains([]core.HostPathType{core.HostPathDirectory,
				core.HostPathDirectoryOrCreate}, *path.Type), "hostPath type %q", *path.Type)
		}
	}
	f.unless(len(unused) == 0, "volumes that nothing mounts: %v", unused)
}

func (f *findings) probe(name string, probe *core.Probe, path string, container *core.Container) {
	f.unless(probe != nil && probe.HTTPGet != nil && probe.HTTPGet.Path == path, "%s", name)
	if probe == nil || probe.HTTPGet == nil {
		return
	}
	f.unless(slices.ContainsFunc(container.Ports, func(port core.ContainerPort) bool {
		return port.Name == probe.HTTPGet.Port.String()
	}), "%s: no port %s", name, probe.HTTPGet.Port.String())
}

func (f *findings) container(m *manifests) {
	c := &m.daemons.Spec.Template.Spec.Containers[0]
	f.probe("startupProbe", c.StartupProbe, "/healthz", c)
	f.probe("livenessProbe", c.LivenessProbe, "/healthz", c)
	f.probe("readinessProbe", c.ReadinessProbe, "/readyz", c)
	s := c.SecurityContext
	f.unless(slices.Equal(s.Capabilities.Drop, []core.Capability{"ALL"}), "capabilities.drop")
	f.unless(slices.Equal(s.Capabilities.Add, capabilities), "capabilities.add")
	f.unless(s.Privileged == nil && !*s.AllowPrivilegeEscalation && *s.ReadOnlyRootFilesystem, "securityContext")
	f.unless(s.SeccompProfile.Type == core.SeccompProfileTypeRuntimeDefault, "seccompProfile")
	for _, volume := range []string{c.Name, m.daemons.Name, m.namespace.Name} {
		f.unless(len(validation.IsDNS1123Label(volume)) == 0, "name %q", volume)
	}
}

// The API server's own checks of values need all of Kubernetes; these are those that we lean on.
func check(m *manifests) error {
	var f findings
	f.unless(len(m.kinds) == 7, "not seven documents, one of each kind: %v", m.kinds)
	pod := m.daemons.Spec.Template.Spec
	if len(pod.Containers) != 1 || m.daemons.Spec.Selector == nil {
		return errors.New("the DaemonSet is not complete")
	}
	f.references(m)
	f.volumes(m)
	f.container(m)
	f.unless(pod.HostPID && !pod.HostNetwork && !pod.HostIPC, "namespaces of the host")
	f.unless(len(pod.Tolerations) == 1 && pod.Tolerations[0].Operator == core.TolerationOpExists, "tolerations")
	for _, rule := range m.role.Rules {
		f.unless(slices.Equal(rule.Resources, []string{"pods"}) &&
			slices.Equal(rule.Verbs, []string{"list", "watch"}), "rules of the ClusterRole")
	}
	if err := errors.Join(f.list...); err != nil {
		return err
	}
	fmt.Println(strings.Join(m.kinds, " "))
	return nil
}
