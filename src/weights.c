/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "weights.h"

#include <string.h>

struct Weights {
    WeightTensor **tensors;
    size_t count, capacity;
};

static size_t tensor_bytes(const WeightTensor *tensor)
{
    return (size_t)shape_bytes(tensor->shape);
}

static float *buffer_new(const WeightTensor *tensor, FornixError *error)
{
    float *data = mem_large(tensor_bytes(tensor));
    if (!data)
        fornix_fail(error, "no memory for the %zu bytes of '%s'", tensor_bytes(tensor),
                    tensor->name);
    else
        memset(data, 0, tensor_bytes(tensor));
    return data;
}

Weights *weights_new(void)
{
    return mem_new(1, sizeof(Weights));
}

static void tensor_free(WeightTensor *tensor)
{
    size_t bytes = tensor_bytes(tensor);
    mem_large_free(tensor->data, bytes);
    mem_large_free(tensor->gradient, bytes);
    mem_large_free(tensor->average, bytes);
    for (int k = 0; k < tensor->moments; k++)
        mem_large_free(tensor->moment[k], bytes);
    mem_free(tensor->name);
    mem_free(tensor);
}

void weights_free(Weights *weights)
{
    if (!weights)
        return;
    for (size_t i = 0; i < weights->count; i++)
        tensor_free(weights->tensors[i]);
    mem_free(weights->tensors);
    mem_free(weights);
}

size_t weights_count(const Weights *weights)
{
    return weights->count;
}

WeightTensor *weights_at(Weights *weights, size_t index)
{
    return weights->tensors[index];
}

WeightTensor *weights_find(Weights *weights, const char *name)
{
    for (size_t i = 0; i < weights->count; i++)
        if (strcmp(weights->tensors[i]->name, name) == 0)
            return weights->tensors[i];
    return NULL;
}

static void initialise(WeightTensor *tensor, FornixInit init, uint64_t seed)
{
    int64_t count = fornix_floats(tensor->shape);
    FornixRandomKey key = fornix_random_key(seed, tensor->name);
    if (init.kind == FORNIX_UNIFORM) {
        fornix_random_fill_uniform(key, 0, tensor->data, count);
        for (int64_t i = 0; i < count; i++)
            tensor->data[i] = (float)((2.0 * (double)tensor->data[i] - 1.0) * init.value);
    } else if (init.kind == FORNIX_NORMAL) {
        fornix_random_fill_normal(key, 0, tensor->data, count);
        for (int64_t i = 0; i < count; i++)
            tensor->data[i] *= (float)init.value;
    } else {
        for (int64_t i = 0; i < count; i++)
            tensor->data[i] = (float)init.value;
    }
}

WeightTensor *weights_take(Weights *weights, const Parameter *parameter, uint64_t seed,
                           FornixError *error)
{
    WeightTensor *tensor = weights_find(weights, parameter->name);
    if (tensor) {
        if (shape_equal(tensor->shape, parameter->shape))
            return tensor;
        fornix_fail_input(error, "'%s' has another shape here than where the net was used before",
                          parameter->name);
        return NULL;
    }
    tensor = mem_new(1, sizeof *tensor);
    tensor->name = mem_text(parameter->name);
    tensor->shape = parameter->shape;
    tensor->kept = parameter->kept;
    tensor->data = buffer_new(tensor, error);
    if (!tensor->data) {
        tensor_free(tensor);
        return NULL;
    }
    initialise(tensor, parameter->init, seed);
    if (weights->count == weights->capacity) {
        weights->capacity = weights->capacity ? 2 * weights->capacity : 64;
        weights->tensors = mem_grow(weights->tensors, weights->capacity, sizeof *weights->tensors);
    }
    return weights->tensors[weights->count++] = tensor;
}

bool weights_moments(WeightTensor *tensor, int moments, FornixError *error)
{
    for (; tensor->moments < moments; tensor->moments++) {
        tensor->moment[tensor->moments] = buffer_new(tensor, error);
        if (!tensor->moment[tensor->moments])
            return false;
    }
    return true;
}

bool weights_gradient(WeightTensor *tensor, FornixError *error)
{
    if (!tensor->gradient)
        tensor->gradient = buffer_new(tensor, error);
    return tensor->gradient != NULL;
}

bool weights_average(WeightTensor *tensor, FornixError *error)
{
    if (!tensor->average)
        tensor->average = buffer_new(tensor, error);
    return tensor->average != NULL;
}

void weights_start_averages(Weights *weights)
{
    for (size_t i = 0; i < weights->count; i++)
        if (weights->tensors[i]->average)
            memcpy(weights->tensors[i]->average, weights->tensors[i]->data,
                   tensor_bytes(weights->tensors[i]));
}

void weights_swap_averages(Weights *weights)
{
    for (size_t i = 0; i < weights->count; i++) {
        const WeightTensor *tensor = weights->tensors[i];
        for (int64_t k = 0; tensor->average && k < fornix_floats(tensor->shape); k++) {
            float value = tensor->data[k];
            tensor->data[k] = tensor->average[k];
            tensor->average[k] = value;
        }
    }
}

bool weights_copy(Weights *to, const Weights *from, FornixError *error)
{
    for (size_t i = 0; i < from->count; i++) {
        const WeightTensor *source = from->tensors[i];
        WeightTensor *target = weights_find(to, source->name);
        if (!target || !shape_equal(target->shape, source->shape))
            return fornix_fail(error, "no tensor '%s' of the same shape to copy to", source->name);
        memcpy(target->data, source->data, tensor_bytes(source));
    }
    return true;
}
