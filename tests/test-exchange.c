/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nets trained elsewhere: names, layouts, and what PyTorch made of the same weights. */
#include "exchange.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "base.h"
#include "file.h"
#include "mapping.h"
#include "npy.h"
#include "run.h"
#include "safetensors.h"
#include "tensor_turn.h"

static char folder[] = "test-exchange-XXXXXX";
static const char *sources = ".";

static Arena *memory; /* of paths */

static const char *in_folder(const char *name)
{
    return arena_format(memory, "%s/%s", folder, name);
}

static const char *in_sources(const char *name)
{
    return arena_format(memory, "%s/%s", sources, name);
}

static void put(const char *name, const void *bytes, size_t length)
{
    FornixError error = {0};
    ck_assert_msg(file_write(in_folder(name), bytes, length, &error), "%s", error.text);
}

/* ---- Names ------------------------------------------------------------------------------ */

typedef struct {
    const char *rule, *there, *here; /* here NULL: not taken */
} NameCase;

static const NameCase name_cases[] = {
    {"a -> b", "a.weight", "b.weight"},
    {"a -> b", "a.bias", "b.bias"},
    {"a -> b", "a.running_var", "b.running_var"},
    {"a -> b", "a.other", NULL},
    {"a -> b", "ab.weight", NULL},
    {"a -> b", "weight", NULL},
    {"a.w -> b.weight", "a.w", "b.weight"},
    {"a.w -> b.weight", "a.weight", NULL},
    {"enc{k}.{layer} -> e{k}/{layer}", "enc12.conv1.weight", "e12/conv1.weight"},
    {"enc{k}.{layer} -> e{k}/{layer}", "enc.conv1.weight", NULL},
    {"enc{k}.{layer} -> e{k}/{layer}", "enc1.a.b.weight", NULL},
    {"enc{k}.enc{k}conv -> e{k}", "enc3.enc3conv.bias", "e3.bias"},
    {"enc{k}.enc{k}conv -> e{k}", "enc3.enc4conv.bias", NULL},
    {"enc{k}.enc{k+1}conv -> e{k}", "enc9.enc10conv.bias", "e9.bias"},
    {"net.{k} -> layer{k+1}/conv", "net.9.weight", "layer10/conv.weight"},
    {"net.{k} -> layer{k-1}/conv", "net.0.weight", NULL},
    {"net.{k} -> layer{k-1}/conv", "net.10.weight", "layer9/conv.weight"},
    {"net.{k} -> layer{k-1}/conv", "net.01.weight", NULL},
    {"net.{k} -> layer{k-1}/conv", "net.x.weight", NULL},
    {"{a}x{b} -> {b}/{a}", "1x2x3.bias", "2x3/1.bias"},
};

START_TEST(names_are_translated_both_ways)
{
    const NameCase *c = &name_cases[_i];
    Arena *arena = arena_new();
    Diag *diag = diag_new();
    put("names.map", c->rule, strlen(c->rule));
    Mapping *map = mapping_read(in_folder("names.map"), diag, arena);
    diag_print(diag, stderr, false);
    ck_assert_ptr_nonnull(map);
    const char *here = rule_here(&map->rules[0], c->there, 0, arena);
    if (!c->here)
        ck_assert_ptr_null(here);
    if (c->here) {
        ck_assert_str_eq(here, c->here);
        ck_assert_str_eq(rule_there(&map->rules[0], here, arena), c->there);
    }
    mapping_free(map);
    diag_free(diag);
    arena_free(arena);
}
END_TEST

START_TEST(norms_have_names_of_their_own)
{
    static const char text[] = "n{k} -> norm{k}\nignore aux\nleave head\n";
    Arena *arena = arena_new();
    Diag *diag = diag_new();
    put("norms.map", text, strlen(text));
    Mapping *map = mapping_read(in_folder("norms.map"), diag, arena);
    ck_assert(map && map->count == 3);
    ck_assert_str_eq(rule_here(&map->rules[0], "n2.weight", 1, arena), "norm2.gamma");
    ck_assert_str_eq(rule_here(&map->rules[0], "n2.bias", 1, arena), "norm2.beta");
    ck_assert_ptr_null(rule_here(&map->rules[0], "n2.running_mean", 1, arena));
    ck_assert_str_eq(rule_there(&map->rules[0], "norm2.gamma", arena), "n2.weight");
    ck_assert(rule_drops(&map->rules[0], "n2.num_batches_tracked", arena));
    ck_assert(!rule_drops(&map->rules[0], "m2.num_batches_tracked", arena));
    ck_assert(!rule_drops(&map->rules[0], "n2.weight", arena));
    ck_assert(rule_drops(&map->rules[1], "aux", arena));
    ck_assert(rule_drops(&map->rules[1], "aux.0.weight", arena));
    ck_assert(!rule_drops(&map->rules[1], "auxiliary.weight", arena));
    ck_assert(rule_drops(&map->rules[2], "head.bias", arena));
    ck_assert(rule_drops(&map->rules[2], "head/conv.bias", arena));
    ck_assert(!rule_drops(&map->rules[2], "aux", arena));
    mapping_free(map);
    diag_free(diag);
    arena_free(arena);
}
END_TEST

/* ---- Layouts ---------------------------------------------------------------------------- */

static const FornixAttr kernel_attrs[] = {{.name = "kernel"}, {0}};
static const FornixNode conv_like = {.name = "conv", .attrs = kernel_attrs};
static const FornixNode dense_like = {.name = "dense"};

static Parameter parameter(const FornixNode *type, FornixShape shape)
{
    return (Parameter){.name = "n/x.weight", .type = type, .shape = shape};
}

/* Every element counts its own place there. */
static float *counted(int64_t count)
{
    float *values = mem_new((size_t)count, sizeof *values);
    for (int64_t i = 0; i < count; i++)
        values[i] = (float)i;
    return values;
}

START_TEST(kernels_turn)
{
    /* There: O 4, I 5, along w backwards 3, d 1, h backwards 2. Here: d 1, h 2, w 3, I, O. */
    Parameter weight = parameter(&conv_like, (FornixShape){1, 2, 3, 5, 4});
    MapRule rule = {.axes = {3, {2, 0, 1}, {true, false, true}}};
    TensorTurn turn;
    ck_assert_ptr_null(turn_make(&weight, &rule, &turn));
    ck_assert(turn.rank == 5 && turn.dims[0] == 4 && turn.dims[1] == 5 && turn.dims[2] == 3 &&
              turn.dims[3] == 1 && turn.dims[4] == 2);
    float *there = counted(120), here[120], back[120];
    turn_in(&turn, there, here);
    for (int h = 0; h < 2; h++)
        for (int w = 0; w < 3; w++)
            for (int i = 0; i < 5; i++)
                for (int o = 0; o < 4; o++)
                    ck_assert_float_eq(here[((h * 3 + w) * 5 + i) * 4 + o],
                                       (float)(((o * 5 + i) * 3 + (2 - w)) * 2 + (1 - h)));
    turn_out(&turn, here, back);
    ck_assert_mem_eq(back, there, sizeof back);
    mem_free(there);
}
END_TEST

START_TEST(matrices_turn)
{
    /* Inputs are a map of 3 channels and 2 x 4 pixels: c, h, w there; h, w, c here. */
    Parameter weight = parameter(&dense_like, (FornixShape){1, 1, 1, 24, 5});
    MapRule plain = {.axes = {2, {1, 2}, {false}}};
    MapRule flat = {.axes = {2, {1, 2}, {false}}, .flatten = {3}, .flatten_count = 1};
    MapRule sized = {.axes = {2, {1, 2}, {false}}, .flatten = {3, 2, 4}, .flatten_count = 3};
    MapRule turned = {.axes = {2, {2, 1}, {false, true}}, .flatten = {3, 4, 2}, .flatten_count = 3};
    float *there = counted(120), here[120], back[120];
    TensorTurn turn;
    ck_assert_ptr_null(turn_make(&weight, &plain, &turn));
    turn_in(&turn, there, here);
    for (int i = 0; i < 24; i++)
        for (int o = 0; o < 5; o++)
            ck_assert_float_eq(here[i * 5 + o], (float)(o * 24 + i));
    const MapRule *rules[] = {&flat, &sized, &turned};
    for (int r = 0; r < 3; r++) {
        ck_assert_ptr_null(turn_make(&weight, rules[r], &turn));
        ck_assert(turn.rank == 2 && turn.dims[0] == 5 && turn.dims[1] == 24);
        turn_in(&turn, there, here);
        for (int h = 0; h < 2; h++)
            for (int w = 0; w < 4; w++)
                for (int c = 0; c < 3; c++)
                    for (int o = 0; o < 5; o++) {
                        int pixel = r < 2 ? h * 4 + w : w * 2 + (1 - h);
                        ck_assert_float_eq(here[((h * 4 + w) * 3 + c) * 5 + o],
                                           (float)(o * 24 + c * 8 + pixel));
                    }
        turn_out(&turn, here, back);
        ck_assert_mem_eq(back, there, sizeof back);
    }
    mem_free(there);
}
END_TEST

START_TEST(odd_layouts_are_refused)
{
    Parameter matrix = parameter(&dense_like, (FornixShape){1, 1, 1, 24, 5});
    Parameter kernel = parameter(&conv_like, (FornixShape){3, 3, 3, 2, 2});
    Parameter flat_kernel = parameter(&conv_like, (FornixShape){1, 1, 1, 2, 2});
    MapAxes image = {2, {1, 2}, {false}};
    TensorTurn turn;
    ck_assert_ptr_nonnull(turn_make(&kernel, &(MapRule){.axes = image}, &turn));
    ck_assert_ptr_null(turn_make(&flat_kernel, &(MapRule){.axes = image}, &turn));
    ck_assert_int_eq(turn.rank, 4);
    MapRule five = {.axes = image, .flatten = {5}, .flatten_count = 1};
    MapRule large = {.axes = image, .flatten = {3, 1 << 24, 1 << 24}, .flatten_count = 3};
    MapRule short_of = {.axes = image, .flatten = {3, 8}, .flatten_count = 2};
    MapRule unsized = {.axes = {2, {2, 1}, {false}}, .flatten = {3}, .flatten_count = 1};
    const MapRule *wrong[] = {&five, &large, &short_of, &unsized};
    for (size_t k = 0; k < COUNT(wrong); k++)
        ck_assert_ptr_nonnull(turn_make(&matrix, wrong[k], &turn));
    ck_assert_ptr_nonnull(turn_make(&flat_kernel, &five, &turn));
}
END_TEST

/* ---- Arrays of NumPy -------------------------------------------------------------------- */

static size_t npy_bytes(char *bytes, const char *header, const void *data, size_t length)
{
    size_t size = strlen(header);
    memcpy(bytes, "\x93NUMPY\1\0", 8);
    bytes[8] = (char)(size & 255);
    bytes[9] = (char)(size >> 8);
    memcpy(bytes + 10, header, size);
    memcpy(bytes + 10 + size, data, length);
    return 10 + size + length;
}

static NpyFile *npy_made(const char *header, const void *data, size_t length, FornixError *error)
{
    char bytes[512];
    put("array.npy", bytes, npy_bytes(bytes, header, data, length));
    return npy_open(in_folder("array.npy"), error);
}

START_TEST(arrays_are_read)
{
    FornixError error = {0};
    static const uint16_t words[] = {1, 65535, 7, 8, 9, 10};
    float read[6];
    NpyFile *file = npy_made("{'descr': '<u2', 'fortran_order': True, 'shape': (2, 3), }\n", words,
                             sizeof words, &error);
    ck_assert_msg(file != NULL, "%s", error.text);
    const NpyInfo *info = npy_info(file);
    ck_assert(info->rank == 2 && info->dims[0] == 2 && info->dims[1] == 3 && info->fortran);
    ck_assert(npy_read(file, 1, 5, read, &error));
    ck_assert_float_eq(read[0], 65535);
    ck_assert_float_eq(read[4], 10);
    ck_assert(!npy_read(file, 2, 5, read, &error));
    npy_close(file);
    static const double reals[] = {1.5, -2.5};
    file = npy_made("{'shape': (2,), 'fortran_order': False, 'descr': '<f8'}", reals, sizeof reals,
                    &error);
    ck_assert(file && npy_read(file, 0, 2, read, &error));
    ck_assert_float_eq(read[1], -2.5f);
    npy_close(file);
}
END_TEST

START_TEST(bad_arrays_are_refused)
{
    static const struct {
        const char *header, *told;
    } cases[] = {
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", "type '>f4'"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "type '|O'"},
        {"{'fortran_order': False, 'shape': (2,), }", "type ''"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "8 bytes of numbers"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "8 bytes of numbers"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", "no shape"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2", "no shape"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9), }",
         "no shape"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,2), }", "no shape"},
        {"{'descr': '<f4', 'shape': (2,), }", "no shape"},
    };
    for (size_t k = 0; k < COUNT(cases); k++) {
        FornixError error = {0};
        ck_assert_ptr_null(npy_made(cases[k].header, "12345678", 8, &error));
        ck_assert_msg(strstr(error.text, cases[k].told) && error.input, "%s", error.text);
    }
    FornixError error = {0};
    put("array.npy", "\x93NUMPY\1\0\377\377", 10);
    ck_assert_ptr_null(npy_open(in_folder("array.npy"), &error));
    put("array.npy", "\x93NUMPY\1\0\377\377{'descr'", 18);
    ck_assert_ptr_null(npy_open(in_folder("array.npy"), &error));
    put("array.npy", "PK\3\4 what is not an array", 25);
    ck_assert_ptr_null(npy_open(in_folder("array.npy"), &error));
    ck_assert_msg(strstr(error.text, "no .npy file"), "%s", error.text);
}
END_TEST

/* ---- Against PyTorch -------------------------------------------------------------------- */

/* A tensor of a file, as floats. */
typedef struct {
    SafeTensor about;
    int64_t count;
    float *values;
} Numbers;

static Numbers numbers_read(const char *path, const char *name)
{
    FornixError error = {0};
    SafeFile *file = safetensors_open(path, &error);
    ck_assert_msg(file != NULL, "%s", error.text);
    int64_t at = safetensors_find(file, name);
    ck_assert_msg(at >= 0, "%s: no %s", path, name);
    Numbers numbers = {.about = *safetensors_tensor(file, (size_t)at)};
    numbers.count = safetensors_rows(&numbers.about) * safetensors_row_size(&numbers.about);
    numbers.values = mem_new((size_t)numbers.count, sizeof *numbers.values);
    ck_assert(safetensors_read(file, (size_t)at, 0, safetensors_rows(&numbers.about),
                               numbers.values, &error));
    numbers.about.name = name;
    safetensors_close(file);
    return numbers;
}

static Numbers array_read(const char *path)
{
    FornixError error = {0};
    NpyFile *file = npy_open(path, &error);
    ck_assert_msg(file != NULL, "%s", error.text);
    Numbers numbers = {.count = npy_info(file)->count};
    numbers.values = mem_new((size_t)numbers.count, sizeof *numbers.values);
    ck_assert(npy_read(file, 0, numbers.count, numbers.values, &error));
    npy_close(file);
    return numbers;
}

/* The largest difference, as a share of the largest number there: `own` is N D H W C, `there`
 * N C and the axes. */
static double difference(const Numbers *own, const Numbers *there, const MapAxes *axes)
{
    const int64_t *size = own->about.dims;
    ck_assert(own->about.rank == 5 && own->count == there->count);
    int64_t step[3] = {0}, from = 0, pixels = 1, at = 0;
    for (int k = axes->count; k-- > 0;) {
        int a = axes->axis[k];
        step[a] = axes->back[k] ? -pixels : pixels;
        from += axes->back[k] ? pixels * (size[1 + a] - 1) : 0;
        pixels *= size[1 + a];
    }
    ck_assert_int_eq(pixels, size[1] * size[2] * size[3]);
    double worst = 0, most = 0;
    for (int64_t n = 0; n < size[0]; n++)
        for (int64_t d = 0; d < size[1]; d++)
            for (int64_t h = 0; h < size[2]; h++)
                for (int64_t w = 0; w < size[3]; w++)
                    for (int64_t c = 0; c < size[4]; c++, at++) {
                        int64_t other = (n * size[4] + c) * pixels + from + d * step[0] +
                                        h * step[1] + w * step[2];
                        double y = (double)there->values[other];
                        worst = fmax(worst, fabs((double)own->values[at] - y));
                        most = fmax(most, fabs(y));
                    }
    ck_assert(isfinite(worst) && most > 0);
    return worst / most;
}

static const MapAxes volume_axes = {3, {0, 1, 2}, {false}};

/* Imports into NAME.safetensors; the net's own map unless another is given. */
static int import(const char *from, const char *graph, const char *map, const char *to)
{
    return exchange_import(
        &(ExchangeRequest){.from = from, .graph = graph, .map = map, .to = in_folder(to)});
}

/* Runs a graph of one apply stage and compares one of its tensors. */
static void run(const char *graph, const char *const *overrides, size_t count, const char *name)
{
    RunRequest request = {.path = graph,
                          .overrides = overrides,
                          .override_count = count,
                          .folder = in_folder(name),
                          .fresh = true};
    ck_assert_int_eq(run_experiment(&request), EXIT_FINE);
}

static Numbers collected(const char *run_name, const char *stage, const char *column)
{
    const char *path =
        arena_format(memory, "%s/stages/%s/table/tensors.safetensors", in_folder(run_name), stage);
    return numbers_read(path, column);
}

static void run_mixed(const char *weights, const char *name)
{
    const char *overrides[] = {arena_format(memory, "weights=%s", in_folder(weights))};
    run(in_sources("tests/imported/net.xml"), overrides, 1, name);
}

static double mixed_difference(const char *run_name, const char *column)
{
    Numbers own = collected(run_name, "out", column);
    Numbers there = numbers_read(in_sources("tests/imported/expected.safetensors"), column);
    double found = difference(&own, &there, &volume_axes);
    mem_free(own.values);
    mem_free(there.values);
    return found;
}

/* The fixture's map with one line changed, as a map of its own. */
static const char *changed_map(const char *line, const char *instead)
{
    FornixError error = {0};
    char *map = file_read(in_sources("tests/imported/net.map"), 10000, NULL, &error);
    char *at = map ? strstr(map, line) : NULL;
    ck_assert_msg(at != NULL, "no '%s' in the map", line);
    const char *text =
        arena_format(memory, "%.*s%s%s", (int)(at - map), map, instead, at + strlen(line));
    mem_free(map);
    put("changed.map", text, strlen(text));
    return in_folder("changed.map");
}

START_TEST(a_mixed_net_comes_in)
{
    ck_assert_int_eq(import(in_sources("tests/imported/net.safetensors"),
                            in_sources("tests/imported/net.xml"), NULL, "mixed.safetensors"),
                     EXIT_FINE);
    run_mixed("mixed.safetensors", "mixed");
    double maps = mixed_difference("mixed", "maps"), logits = mixed_difference("mixed", "logits");
    printf("mixed net: maps %.1e, logits %.1e of the largest\n", maps, logits);
    ck_assert_double_lt(maps, 1e-4);
    ck_assert_double_lt(logits, 1e-4);

    /* Without flatten= the same file gives other logits, and the same maps. */
    ck_assert_int_eq(import(in_sources("tests/imported/net.safetensors"),
                            in_sources("tests/imported/net.xml"), changed_map(" flatten=4", ""),
                            "plain.safetensors"),
                     EXIT_FINE);
    run_mixed("plain.safetensors", "plain");
    ck_assert_double_lt(mixed_difference("plain", "maps"), 1e-4);
    ck_assert_double_gt(mixed_difference("plain", "logits"), 1e-3);
}
END_TEST

static void same_bytes(const char *a, const char *b)
{
    FornixError error = {0};
    size_t one, other;
    char *left = file_read(a, 1 << 24, &one, &error),
         *right = file_read(b, 1 << 24, &other, &error);
    ck_assert_msg(left && right, "%s", error.text);
    ck_assert_uint_eq(one, other);
    ck_assert_mem_eq(left, right, one);
    mem_free(left);
    mem_free(right);
}

/* Every tensor of `left` is in `right` with the same shape and, as floats, the same bits. */
static int same_tensors(const char *left, const char *right)
{
    FornixError error = {0};
    int count = 0;
    SafeFile *file = safetensors_open(left, &error);
    ck_assert_msg(file != NULL, "%s", error.text);
    for (size_t k = 0; k < safetensors_count(file); k++, count++) {
        const char *name = safetensors_tensor(file, k)->name;
        Numbers a = numbers_read(left, name), b = numbers_read(right, name);
        ck_assert_int_eq(a.about.rank, b.about.rank);
        ck_assert_mem_eq(a.about.dims, b.about.dims, sizeof a.about.dims);
        ck_assert_mem_eq(a.values, b.values, (size_t)a.count * sizeof *a.values);
        mem_free(a.values);
        mem_free(b.values);
    }
    safetensors_close(file);
    return count;
}

/* From there to here, back, and here again. */
static void round_trip(const char *from, ExchangeRequest request, int tensors)
{
    request.from = from;
    request.to = in_folder("first.safetensors");
    ck_assert_int_eq(exchange_import(&request), EXIT_FINE);
    request.from = in_folder("first.safetensors");
    request.to = in_folder("back.safetensors");
    ck_assert_int_eq(exchange_export(&request), EXIT_FINE);
    ck_assert_int_eq(same_tensors(in_folder("back.safetensors"), from), tensors);
    request.from = in_folder("back.safetensors");
    request.to = in_folder("second.safetensors");
    ck_assert_int_eq(exchange_import(&request), EXIT_FINE);
    same_bytes(in_folder("first.safetensors"), in_folder("second.safetensors"));
}

START_TEST(the_way_back_is_exact)
{
    round_trip(in_sources("tests/imported/net.safetensors"),
               (ExchangeRequest){.graph = in_sources("tests/imported/net.xml")}, 19);
}
END_TEST

START_TEST(a_weight_is_left_out)
{
    FornixError error = {0};
    const char *map = changed_map("fc2          -> fc2", "ignore fc2\nleave fc2");
    const char *graph = in_sources("tests/imported/net.xml");
    ck_assert_int_eq(
        import(in_sources("tests/imported/net.safetensors"), graph, map, "left.safetensors"),
        EXIT_FINE);
    SafeFile *file = safetensors_open(in_folder("left.safetensors"), &error);
    ck_assert_msg(file != NULL, "%s", error.text);
    ck_assert_uint_eq(safetensors_count(file), 17);
    ck_assert_int_eq(safetensors_find(file, "mixed/fc2.weight"), -1);
    ck_assert_int_ge(safetensors_find(file, "mixed/fc1.weight"), 0);
    safetensors_close(file);
    ExchangeRequest request = {.graph = graph,
                               .map = map,
                               .from = in_folder("left.safetensors"),
                               .to = in_folder("back.safetensors")};
    ck_assert_int_eq(exchange_export(&request), EXIT_FINE);
    ck_assert_int_eq(
        same_tensors(in_folder("back.safetensors"), in_sources("tests/imported/net.safetensors")),
        17);
}
END_TEST

/* What was trained here goes to PyTorch's layout, and comes back as it was. */
START_TEST(a_run_goes_out)
{
    static const char table[] = "s,g,a,b\n1,x,.1,.9\n2,y,.8,.3\n3,x,.2,.7\n4,y,.9,.1\n";
    static const char map[] = "body.{k} -> layer{k}\n";
    static const char graph[] =
        "<graph xmlns='urn:fornix:graph:1' name='trained'>"
        "<features id='data' manifest='table.csv' subject='s' columns='a b' labels='g'/>"
        "<split id='parts' samples='data' test='0.25'/>"
        "<net id='n' input='x'><dense id='layer0' x='x' channels='3'/><relu id='r' x='layer0'/>"
        "<dense id='layer1' x='r' channels='2'/></net>"
        "<train id='fit' samples='parts' steps='3' batch='2'><use id='u' net='n' "
        "x='batch.feature'/>"
        "<cross_entropy id='loss' logits='u/layer1' label='batch.g'/>"
        "<update nets='n' minimise='loss'><adam rate='.1'/></update></train></graph>";
    put("table.csv", table, strlen(table));
    put("trained.map", map, strlen(map));
    put("trained.xml", graph, strlen(graph));
    run(in_folder("trained.xml"), NULL, 0, "trained");
    ExchangeRequest request = {.graph = in_folder("trained.xml"),
                               .from = in_folder("trained"),
                               .to = in_folder("out.safetensors")};
    ck_assert_int_eq(exchange_export(&request), EXIT_FINE);
    Numbers there = numbers_read(in_folder("out.safetensors"), "body.0.weight");
    Numbers here =
        numbers_read(in_folder("trained/stages/fit/weights.safetensors"), "n/layer0.weight");
    ck_assert(there.about.rank == 2 && there.about.dims[0] == 3 && there.about.dims[1] == 2);
    for (int o = 0; o < 3; o++)
        for (int i = 0; i < 2; i++)
            ck_assert_float_eq(there.values[o * 2 + i], here.values[i * 3 + o]);
    mem_free(there.values);
    mem_free(here.values);
    request.from = in_folder("out.safetensors");
    request.to = in_folder("in.safetensors");
    ck_assert_int_eq(exchange_import(&request), EXIT_FINE);
    /* All but whom they were trained on, which nobody elsewhere knows. */
    const char *in = in_folder("in.safetensors");
    const char *trained = in_folder("trained/stages/fit/weights.safetensors");
    ck_assert_int_eq(same_tensors(in, trained), same_tensors(trained, in));
}
END_TEST

/* ---- Nets of others, where they are ----------------------------------------------------- */

static const char *shared(const char *name)
{
    const char *path = arena_format(memory, "%s/../shared/data/%s", sources, name);
    if (!file_exists(path))
        printf("skipped: no %s\n", path);
    return file_exists(path) ? path : NULL;
}

START_TEST(a_u_net_comes_in)
{
    static const MapAxes axes = {2, {1, 2}, {false}};
    static const struct {
        const char *column, *file;
    } known[] = {{"bottleneck", "unet_ref/bottleneck.npy"}, {"probability", "unet_ref/output.npy"}};
    const char *reference = shared("unet_ref/unet_random_f8.safetensors");
    if (!reference)
        return;
    const char *overrides[] = {arena_format(memory, "images=%s", shared("unet_ref/input.npy")),
                               "features=8",
                               arena_format(memory, "weights=%s", in_folder("first.safetensors"))};
    const char *graph = in_sources("graphs/imported/unet-brain.xml");
    round_trip(reference,
               (ExchangeRequest){.graph = graph, .overrides = overrides, .override_count = 3}, 100);
    run(graph, overrides, 3, "unet");
    for (size_t k = 0; k < COUNT(known); k++) {
        Numbers own = collected("unet", "segmented", known[k].column);
        Numbers there = array_read(shared(known[k].file));
        double found = difference(&own, &there, &axes);
        printf("U-Net: %s %.1e of the largest\n", known[k].column, found);
        ck_assert_double_lt(found, 1e-4);
        mem_free(own.values);
        mem_free(there.values);
    }
}
END_TEST

START_TEST(a_meshnet_comes_in)
{
    static const MapAxes axes = {3, {2, 0, 1}, {true, true, false}};
    const char *from = shared("meshnet/meshnet5.safetensors");
    if (!from)
        return;
    const char *text =
        arena_format(memory, "subject,image\nhead,%s\n", shared("meshnet/t1_crop.nii.gz"));
    put("scans.csv", text, strlen(text));
    const char *overrides[] = {arena_format(memory, "scans=%s", in_folder("scans.csv")),
                               arena_format(memory, "weights=%s", in_folder("first.safetensors"))};
    round_trip(from,
               (ExchangeRequest){.graph = in_sources("graphs/imported/meshnet.xml"),
                                 .overrides = overrides,
                                 .override_count = 2},
               20);
    text =
        arena_format(memory,
                     "<graph xmlns='urn:fornix:graph:1' name='crop'>"
                     "<include href='%s'/>"
                     "<npy id='crop' file='%s' axes='-w -d h' normalise='byte'/>"
                     "<apply id='out' samples='crop' batch='1'>"
                     "<use id='u' net='meshnet' image='batch.image' weights='first.safetensors'/>"
                     "<collect logits='u/logits'/></apply></graph>",
                     in_sources("graphs/nets/meshnet.xml"), shared("meshnet/crop64_input_u8.npy"));
    put("crop.xml", text, strlen(text));
    run(in_folder("crop.xml"), NULL, 0, "crop");
    Numbers own = collected("crop", "out", "logits");
    Numbers there = array_read(shared("meshnet/meshnet5_crop64_logits.npy"));
    double found = difference(&own, &there, &axes);
    printf("MeshNet: logits %.1e of the largest\n", found);
    ck_assert_double_lt(found, 1e-4);
    mem_free(own.values);
    mem_free(there.values);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("exchange");
    TCase *small = tcase_create("names and layouts");
    tcase_add_loop_test(small, names_are_translated_both_ways, 0, (int)COUNT(name_cases));
    tcase_add_test(small, norms_have_names_of_their_own);
    tcase_add_test(small, kernels_turn);
    tcase_add_test(small, matrices_turn);
    tcase_add_test(small, odd_layouts_are_refused);
    tcase_add_test(small, arrays_are_read);
    tcase_add_test(small, bad_arrays_are_refused);
    suite_add_tcase(suite, small);
    TCase *nets = tcase_create("nets");
    tcase_add_test(nets, a_mixed_net_comes_in);
    tcase_add_test(nets, the_way_back_is_exact);
    tcase_add_test(nets, a_weight_is_left_out);
    tcase_add_test(nets, a_run_goes_out);
    tcase_add_test(nets, a_u_net_comes_in);
    tcase_add_test(nets, a_meshnet_comes_in);
    suite_add_tcase(suite, nets);
    return suite;
}

int main(void)
{
    const char *given = getenv("srcdir");
    FornixError error = {0};
    sources = realpath(given ? given : ".", NULL);
    if (!sources || !mkdtemp(folder))
        return 1;
    memory = arena_new();
    setenv("FORNIX_CACHE", in_folder("cache"), 1);
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    file_remove(folder, &error);
    arena_free(memory);
    return failed > 0;
}
