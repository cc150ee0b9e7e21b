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
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
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

func (f *findings) names(m *manifests, w workload) {
	for _, where := range []string{m.config.Namespace, w.Namespace} {
		f.unless(where == m.namespace.Name, "namespace %q", where)
	}
	for _, name := range []string{w.container().Name, w.Name, m.namespace.Name} {
		f.unless(len(validation.IsDNS1123Label(name)) == 0, "name %q", name)
	}
	selector, err := meta.LabelSelectorAsSelector(w.selector)
	f.unless(err == nil && selector.Matches(labels.Set(w.template.Labels)), "selector: %v", err)
}

// What may be written: the agent's folder on the node, the collector's volume.
func (f *findings) volumes(m *manifests, w workload) {
	unused := map[string]core.Volume{}
	for _, volume := range w.template.Spec.Volumes {
		unused[volume.Name] = volume
	}
	for _, claim := range w.claims {
		unused[claim.Name] = core.Volume{Name: claim.Name}
	}
	for _, mount := range w.container().VolumeMounts {
		volume, there := unused[mount.Name]
		delete(unused, mount.Name)
		f.unless(there, "no volume %q", mount.Name)
		f.unless(mount.ReadOnly || mount.Name == "state" || mount.Name == "data",
			"%q can be written", mount.Name)
		f.unless(volume.ConfigMap == nil || volume.ConfigMap.Name == m.config.Name, "configMap")
		if path := volume.HostPath; path != nil {
			f.unless(slices.Contains([]core.HostPathType{core.HostPathDirectory,
				core.HostPathDirectoryOrCreate}, *path.Type), "hostPath type %q", *path.Type)
		}
	}
	f.unless(len(unused) == 0, "volumes that nothing mounts: %v", unused)
}

func hasPort(container *core.Container, name string) bool {
	return slices.ContainsFunc(container.Ports, func(port core.ContainerPort) bool {
		return port.Name == name
	})
}

func (f *findings) probe(name string, probe *core.Probe, path string, container *core.Container) {
	f.unless(probe != nil && probe.HTTPGet != nil && probe.HTTPGet.Path == path, "%s", name)
	if probe == nil || probe.HTTPGet == nil {
		return
	}
	port := probe.HTTPGet.Port.String()
	f.unless(hasPort(container, port), "%s: no port %s", name, port)
}

func (f *findings) container(c *core.Container) {
	f.probe("startupProbe", c.StartupProbe, "/healthz", c)
	f.probe("livenessProbe", c.LivenessProbe, "/healthz", c)
	f.probe("readinessProbe", c.ReadinessProbe, "/readyz", c)
	f.unless(!c.Resources.Limits.Memory().IsZero() && !c.Resources.Requests.Memory().IsZero(), "resources")
	s := c.SecurityContext
	f.unless(slices.Equal(s.Capabilities.Drop, []core.Capability{"ALL"}), "capabilities.drop")
	f.unless(s.Privileged == nil && !*s.AllowPrivilegeEscalation && *s.ReadOnlyRootFilesystem, "securityContext")
}

// What a namespace's label demands of its pods, by the code that the API server asks.
func (f *findings) admission(m *manifests, w workload) {
	level, wrong := api.ParseLevel(m.namespace.Labels[api.EnforceLevelLabel])
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err := errors.Join(wrong, err); err != nil {
		f.list = append(f.list, err)
		return
	}
	demand := api.LevelVersion{Level: level, Version: api.LatestVersion()}
	for _, result := range evaluator.EvaluatePod(demand, &w.template.ObjectMeta, &w.template.Spec) {
		f.unless(result.Allowed, "%s: %s: %s", level, result.ForbiddenReason, result.ForbiddenDetail)
	}
}

func (f *findings) agent(m *manifests, w workload) {
	pod, container := w.template.Spec, w.container()
	f.unless(m.namespace.Labels[api.EnforceLevelLabel] == "privileged", "privileged")
	f.unless(m.account.Namespace == m.namespace.Name, "namespace %q", m.account.Namespace)
	f.unless(pod.ServiceAccountName == m.account.Name, "serviceAccountName")
	f.unless(pod.PriorityClassName == m.priority.Name, "priorityClassName")
	f.unless(m.binding.RoleRef.Name == m.role.Name && m.binding.RoleRef.Kind == "ClusterRole" &&
		m.binding.RoleRef.APIGroup == "rbac.authorization.k8s.io", "roleRef")
	f.unless(len(m.binding.Subjects) == 1 && m.binding.Subjects[0].Kind == "ServiceAccount" &&
		m.binding.Subjects[0].Name == m.account.Name &&
		m.binding.Subjects[0].Namespace == m.namespace.Name, "subjects")
	f.unless(pod.HostPID && !pod.HostNetwork && !pod.HostIPC, "namespaces of the host")
	f.unless(len(pod.Tolerations) == 1 && pod.Tolerations[0].Operator == core.TolerationOpExists, "tolerations")
	for _, rule := range m.role.Rules {
		f.unless(slices.Equal(rule.Resources, []string{"pods"}) &&
			slices.Equal(rule.Verbs, []string{"list", "watch"}), "rules of the ClusterRole")
	}
	s := container.SecurityContext
	f.unless(slices.Equal(s.Capabilities.Add, capabilities), "capabilities.add")
	f.unless(s.SeccompProfile.Type == core.SeccompProfileTypeRuntimeDefault, "seccompProfile")
}

func (f *findings) collector(m *manifests, w workload) {
	pod, service := w.template.Spec, m.service
	f.unless(m.namespace.Labels[api.EnforceLevelLabel] == "restricted", "restricted")
	f.unless(service.Namespace == m.namespace.Name, "namespace %q", service.Namespace)
	f.unless(m.stateful.Spec.ServiceName == service.Name, "serviceName")
	f.unless(*m.stateful.Spec.Replicas == 1 && len(w.claims) == 1, "one, with one volume")
	f.unless(labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(w.template.Labels)),
		"selector of the Service")
	for _, port := range service.Spec.Ports {
		f.unless(hasPort(w.container(), port.TargetPort.String()), "Service: no port %s", port.TargetPort.String())
	}
	f.unless(!*pod.AutomountServiceAccountToken, "automountServiceAccountToken")
	f.unless(len(w.container().SecurityContext.Capabilities.Add) == 0, "capabilities.add")
	for _, volume := range pod.Volumes {
		f.unless(volume.Secret == nil || volume.Secret.Optional == nil, "it starts without tokens")
	}
}

// The API server's own checks of values need all of Kubernetes; these are those that we lean on.
func check(m *manifests) error {
	var f findings
	w := m.workload()
	if len(w.template.Spec.Containers) != 1 || w.selector == nil {
		return errors.New("what runs is not complete")
	}
	f.names(m, w)
	f.volumes(m, w)
	f.container(w.container())
	f.admission(m, w)
	if m.stateful.Name != "" {
		f.unless(len(m.kinds) == 4, "not four documents, one of each kind: %v", m.kinds)
		f.collector(m, w)
	} else {
		f.unless(len(m.kinds) == 7, "not seven documents, one of each kind: %v", m.kinds)
		f.agent(m, w)
	}
	if err := errors.Join(f.list...); err != nil {
		return err
	}
	fmt.Println(strings.Join(m.kinds, " "))
	return nil
}
