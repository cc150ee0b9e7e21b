// SPDX-License-Identifier: Apache-2.0
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	scheduling "k8s.io/api/scheduling/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// One of each, as far as they are needed.
type manifests struct {
	namespace core.Namespace
	account   core.ServiceAccount
	config    core.ConfigMap
	role      rbac.ClusterRole
	binding   rbac.ClusterRoleBinding
	priority  scheduling.PriorityClass
	service   core.Service
	daemons   apps.DaemonSet
	stateful  apps.StatefulSet
	kinds     []string
}

// What runs: the DaemonSet or the StatefulSet.
type workload struct {
	meta.ObjectMeta
	selector *meta.LabelSelector
	template *core.PodTemplateSpec
	claims   []core.PersistentVolumeClaim
}

func (m *manifests) workload() workload {
	if m.stateful.Name != "" {
		s := &m.stateful
		return workload{s.ObjectMeta, s.Spec.Selector, &s.Spec.Template, s.Spec.VolumeClaimTemplates}
	}
	d := &m.daemons
	return workload{d.ObjectMeta, d.Spec.Selector, &d.Spec.Template, nil}
}

func (w *workload) container() *core.Container {
	return &w.template.Spec.Containers[0]
}

func decoder() (runtime.Decoder, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		core.AddToScheme, apps.AddToScheme, rbac.AddToScheme, scheduling.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer(), nil
}

func (m *manifests) add(object runtime.Object) error {
	switch o := object.(type) {
	case *core.Namespace:
		m.namespace = *o
	case *core.ServiceAccount:
		m.account = *o
	case *core.ConfigMap:
		m.config = *o
	case *rbac.ClusterRole:
		m.role = *o
	case *rbac.ClusterRoleBinding:
		m.binding = *o
	case *scheduling.PriorityClass:
		m.priority = *o
	case *core.Service:
		m.service = *o
	case *apps.DaemonSet:
		m.daemons = *o
	case *apps.StatefulSet:
		m.stateful = *o
	default:
		return fmt.Errorf("unexpected %T", object)
	}
	m.kinds = append(m.kinds, object.GetObjectKind().GroupVersionKind().Kind)
	return nil
}

// A document of comments alone, as the one before the first "---".
func empty(document []byte) bool {
	for _, line := range bytes.Split(document, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && !bytes.Equal(line, []byte("---")) {
			return false
		}
	}
	return true
}

func read(path string) (*manifests, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	decode, err := decoder()
	if err != nil {
		return nil, err
	}
	var all manifests
	for documents := yaml.NewYAMLReader(bufio.NewReader(file)); ; {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return &all, nil
		}
		if err != nil {
			return nil, err
		}
		if empty(document) {
			continue
		}
		object, _, err := decode.Decode(document, nil, nil)
		if err == nil {
			err = all.add(object)
		}
		if err != nil {
			return nil, fmt.Errorf("after %v: %w", all.kinds, err)
		}
	}
}
