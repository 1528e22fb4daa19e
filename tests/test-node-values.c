/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes on a few numbers each, against what PyTorch gives (or what the eye sees); what they refuse,
 * in which words; the nets of graphs/nets and the composites in the sizes that papers tell. */
#include <stdio.h>

#include "nodes.h"

static Registry *registry;

/* ---- Values ---- */

typedef struct {
    const char *line;
    float in[24];     /* of all inputs, one after the other */
    float weight[16]; /* of all weights, then all states */
    double out[24];
    bool training;
} ValueCase;

static const ValueCase value_cases[] = {
    {"x=1,1,1,1,2 | <relu x=\"x\"/>", {-1, 2}, {0}, {0, 2}, false},
    {"x=1,1,1,1,2 | <leaky_relu x=\"x\" slope=\"0.2\"/>", {-1, 2}, {0}, {-0.2, 2}, false},
    {"x=1,1,1,1,2 | <elu x=\"x\" alpha=\"0.5\"/>", {-1, 2}, {0}, {-0.3160603, 2}, false},
    {"x=1,1,1,1,2 | <tanh x=\"x\"/>", {-0.5f, 2}, {0}, {-0.4621172, 0.9640276}, false},
    {"x=1,1,1,1,2 | <sigmoid x=\"x\"/>", {-0.5f, 2}, {0}, {0.3775407, 0.8807970}, false},
    {"x=1,1,1,1,3 | <softmax x=\"x\"/>",
     {1, 2, 0.5f},
     {0},
     {0.2312239, 0.6285317, 0.1402444},
     false},
    {"x=3,1,1,1,2 | <batch_norm x=\"x\"/>",
     {1, 2, 3, 5, 8, -1},
     {2, 0.5f, 0.1f, -0.2f, 1, 2, 4, 0.25f},
     {0.1, -0.2, 2.0999975, 2.7999399, 7.0999918, -3.1999400},
     false},
    {"x=3,1,1,1,2 | <batch_norm x=\"x\"/>",
     {1, 2, 3, 5, 8, -1},
     {2, 0.5f, 0.1f, -0.2f, 1, 2, 4, 0.25f},
     {-1.9380975, -0.2, -0.5793659, 0.4123719, 2.8174632, -0.8123719},
     true},
    {"x=1,1,1,1,4 | <group_norm x=\"x\" groups=\"2\" affine=\"no\"/>",
     {1, 2, 3, 7},
     {0},
     {-0.9999800, 0.9999800, -0.9999988, 0.9999988},
     false},
    {"x=1,1,1,2,2 | <dense x=\"x\" channels=\"2\"/>",
     {1, 2, 3, 4},
     {1, 10, 2, 20, 3, 30, 4, 40, 0.5f, -0.5f},
     {30.5, 299.5},
     false},
    {"x=1,1,1,1,3 | <dropout x=\"x\"/>", {1, 2, 3}, {0}, {1, 2, 3}, false},
    {"x=1,1,3,3,1 | <average_pool x=\"x\" kernel=\"3\" stride=\"2\" padding=\"1\"/>",
     {1, 2, 3, 4, 5, 6, 7, 8, 9},
     {0},
     {1.3333334, 1.7777778, 2.6666667, 3.1111112},
     false},
    {"x=1,1,3,3,1 | <average_pool x=\"x\" kernel=\"3\" stride=\"2\" padding=\"1\" "
     "count_padding=\"no\"/>",
     {1, 2, 3, 4, 5, 6, 7, 8, 9},
     {0},
     {3, 4, 6, 7},
     false},
    {"x=2,1,1,2,2 | <global_pool x=\"x\"/>",
     {1, 2, 3, 5, 0, 1, 4, 8},
     {0},
     {2, 3.5, 2, 4.5},
     false},
    {"x=2,1,1,2,2 | <global_pool x=\"x\" take=\"max\"/>",
     {1, 7, 3, 5, 0, 1, -4, 8},
     {0},
     {3, 7, 0, 8},
     false},
    {"x=1,1,1,2,2 | <upsample x=\"x\" factor=\"1 2 2\"/>",
     {1, 2, 3, 4},
     {0},
     {1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4},
     false},
    {"a=1,1,1,1,2 b=1,1,1,1,2 c=1,1,1,1,2 | <residual x=\"a b c\"/>",
     {1, 2, 10, 20, 100, 200},
     {0},
     {111, 222},
     false},
    {"x=1,1,1,1,4 | <reshape x=\"x\" shape=\"1 2 -1 1\"/>", {1, 2, 3, 4}, {0}, {1, 2, 3, 4}, false},
    {"x=2,1,1,1,3 l=label:2,1,1,1,1:3 | <cross_entropy logits=\"x\" label=\"l\"/>",
     {1, 2, 0.5f, -1, 0, 3, 2, 0},
     {0},
     {3.0151265},
     false},
    {"x=2,1,1,1,3 l=label:2,1,1,1,1:3 | <cross_entropy logits=\"x\" label=\"l\" "
     "class_weights=\"0.5 2 1\" smoothing=\"0.1\"/>",
     {1, 2, 0.5f, -1, 0, 3, 2, 0},
     {0},
     {2.6618507},
     false},
    {"x=2,1,1,1,3 l=label:2,1,1,1,1:3 w=weight:2,1,1,1,1 | <cross_entropy logits=\"x\" "
     "label=\"l\" weight=\"w\"/>",
     {1, 2, 0.5f, -1, 0, 3, 2, 0, 0.5f, 1.5f},
     {0},
     {3.5405054},
     false},
    {"x=3,1,1,1,1 | <bce_loss logits=\"x\" target=\"0\"/>", {0.3f, -2, 1}, {0}, {0.7648483}, false},
    {"x=3,1,1,1,1 | <bce_loss logits=\"x\" target=\"1\" smoothing=\"0.1\"/>",
     {0.3f, -2, 1},
     {0},
     {0.9865150},
     false},
    {"x=1,1,1,3,1 y=mask:1,1,1,3,1:2 | <bce_loss logits=\"x\" truth=\"y\"/>",
     {0.3f, -2, 1, 1, 0, 1},
     {0},
     {0.3315150},
     false},
    {"x=2,1,1,3,1 y=mask:2,1,1,3,1:2 | <dice_loss logits=\"x\" mask=\"y\" per_sample=\"yes\" "
     "smooth=\"1\"/>",
     {2, -1, 0.5f, -3, 1, 0, 1, 0, 1, 0, 1, 1},
     {0},
     {0.1756274},
     false},
    {"x=2,1,1,3,1 y=mask:2,1,1,3,1:2 | <dice_loss logits=\"x\" mask=\"y\"/>",
     {2, -1, 0.5f, -3, 1, 0, 1, 0, 1, 0, 1, 1},
     {0},
     {0.2243825},
     false},
    {"x=1,1,1,3,2 y=mask:1,1,1,3,1:2 | <dice_loss logits=\"x\" mask=\"y\"/>",
     {2, 0, -1, 1, 0.5f, 1, 1, 0, 1},
     {0},
     {0.7451203},
     false},
    {"x=1,1,1,1,2 y=1,1,1,1,2 | <mse_loss x=\"x\" target=\"y\"/>", {1, 2, 4, 3}, {0}, {5}, false},
    {"x=2,1,1,1,1 y=2,1,1,1,1 w=weight:2,1,1,1,1 | <mae_loss x=\"x\" target=\"y\" weight=\"w\"/>",
     {1, 2, 4, 3, 3, 1},
     {0},
     {2.5},
     false},
    {"a=loss:1,1,1,1,1 b=loss:1,1,1,1,1 | <sum x=\"a b\" weights=\"1 0.5\"/>",
     {3, 4},
     {0},
     {5},
     false},
};

static const float *fill(const FornixTensor *tensor, const float *from)
{
    int64_t floats = tensor->data ? fornix_floats(tensor->shape) : 0;
    for (int64_t i = 0; i < floats; i++)
        *tensor_at(tensor, i) = from[i];
    return from + floats;
}

START_TEST(values)
{
    const ValueCase *c = &value_cases[_i];
    Variant variant = {"values", .evaluating = !c->training};
    Example example;
    open_line(&example, registry, c->line, NULL);
    Bench *bench = bench_of(&example, &variant);
    const float *in = c->in, *weight = c->weight;
    for (int t = 0; t < TENSORS_MOST; t++)
        in = fill(&bench->at_in[t], in);
    for (int t = 0; t < TENSORS_MOST; t++)
        weight = fill(&bench->weight[t].tensor, weight);
    for (int t = 0; t < TENSORS_MOST; t++)
        weight = fill(&bench->state[t].tensor, weight);
    run(bench, FORNIX_FORWARD);
    for (int64_t i = 0; i < fornix_floats(bench->at_out[0].shape); i++)
        ck_assert_msg(fabs((double)*tensor_at(&bench->at_out[0], i) - c->out[i]) < 2e-6,
                      "%s: number %ld is %.9g, not %.9g", example.element, (long)i,
                      (double)*tensor_at(&bench->at_out[0], i), c->out[i]);
    bench_free(bench);
    example_close(&example);
}
END_TEST

/* ---- Schedules ---- */

static const Element *element_of(const char *text, Example *example)
{
    *example = (Example){.arena = arena_new(), .diag = diag_new()};
    const Element *xml = expand_fragment("<case>", text, example->diag, example->arena);
    no_mistakes(example);
    return xml->first;
}

static const void *attrs_of(const FornixNode *type, const Element *element, Example *example)
{
    const void *attrs = attr_read(type, element, NULL, example->diag, example->arena);
    no_mistakes(example);
    return attrs;
}

static const struct {
    const char *element;
    int64_t step, steps;
    double factor;
} schedule_cases[] = {
    {"<cosine/>", 0, 100, 1},
    {"<cosine/>", 50, 100, 0.5},
    {"<cosine final=\"0.2\"/>", 100, 100, 0.2},
    {"<cosine warmup=\"10\"/>", 0, 100, 0.1},
    {"<cosine warmup=\"10\"/>", 9, 100, 1},
    {"<cosine warmup=\"10\"/>", 10, 100, 1},
    {"<linear/>", 25, 100, 0.75},
    {"<linear warmup=\"4\" final=\"1\"/>", 1, 100, 0.5},
    {"<linear warmup=\"4\" final=\"1\"/>", 90, 100, 1},
    {"<linear warmup=\"4\"/>", 4, 4, 0},
    {"<step_decay every=\"30\"/>", 29, 100, 1},
    {"<step_decay every=\"30\" factor=\"0.5\"/>", 60, 100, 0.25},
    {"<step_decay every=\"30\" factor=\"0.5\" warmup=\"10\"/>", 40, 100, 0.5},
};

START_TEST(schedules)
{
    Example example;
    const Element *element = element_of(schedule_cases[_i].element, &example);
    const FornixNode *type = registry_find(registry, element->name)->node;
    double factor = type->schedule->factor(attrs_of(type, element, &example),
                                           schedule_cases[_i].step, schedule_cases[_i].steps);
    ck_assert_msg(fabs(factor - schedule_cases[_i].factor) < 1e-12, "%s: %g",
                  schedule_cases[_i].element, factor);
    diag_free(example.diag);
    arena_free(example.arena);
}
END_TEST

/* ---- Sizes: parameters as PyTorch counts them in the same nets ---- */

static const struct {
    const char *line;
    int64_t parameters;
    FornixShape out; /* of the node's output */
} size_cases[] = {
    {"z=noise:2,1,1,1,100 l=label:2,1,1,1,1:2 f=2,1,15,15,1024 | <generator noise=\"z\" "
     "label=\"l\" like=\"f\"/>",
     1611328,
     {2, 1, 15, 15, 1024}},
    {"z=noise:2,1,1,1,100 l=label:2,1,1,1,1:2 f=2,1,8,8,256 | <generator noise=\"z\" label=\"l\" "
     "like=\"f\"/>",
     489920,
     {2, 1, 8, 8, 256}},
    {"z=noise:2,1,1,1,100 l=label:2,1,1,1,1:2 f=2,1,1,1,256 | <generator noise=\"z\" label=\"l\" "
     "like=\"f\"/>",
     448768,
     {2, 1, 1, 1, 256}},
    {"z=noise:2,1,1,1,9 f=2,7,30,5,3 | <generator noise=\"z\" like=\"f\" width=\"2\"/>",
     0,
     {2, 7, 30, 5, 3}},
    {"x=2,1,8,9,3 | <conv x=\"x\" channels=\"4\" padding=\"2 1\"/>", 112, {2, 1, 10, 9, 4}},
    {"x=2,3,8,9,3 | <transposed_conv x=\"x\" channels=\"4\" kernel=\"4\" padding=\"1 1\"/>",
     772,
     {2, 8, 16, 18, 4}},
    {"x=2,4,8,9,3 | <max_pool x=\"x\" kernel=\"3\" stride=\"1\" padding=\"1 1\"/>",
     0,
     {2, 2, 8, 9, 3}},
    {"x=2,1,15,15,1024 | <discriminator x=\"x\" norm=\"batch\"/>", 959680, {2, 1, 1, 1, 1024}},
    {"x=2,1,8,8,256 | <discriminator x=\"x\"/>", 221376, {2, 1, 1, 1, 512}},
    {"x=2,1,1,1,256 | <discriminator x=\"x\"/>", 262912, {2, 1, 1, 1, 256}},
    {"x=2,1,8,8,256 | <map_classifier x=\"x\" classes=\"2\"/>", 201282, {2, 1, 1, 1, 2}},
    {"x=2,1,1,1,9 | <vector_classifier x=\"x\" classes=\"3\" depth=\"0\"/>", 30, {2, 1, 1, 1, 3}},
};

START_TEST(sizes)
{
    Example example;
    int64_t parameters = 0;
    open_line(&example, registry, size_cases[_i].line, "<identity id=\"seen\" x=\"u/t\"/>");
    const Graph *graph = example.graph;
    for (int p = 0; p < graph->parameter_count; p++)
        if (!graph->parameters[p]->kept)
            parameters += fornix_floats(graph->parameters[p]->shape);
    if (size_cases[_i].parameters)
        ck_assert_int_eq(parameters, size_cases[_i].parameters);
    const Value *out = graph->nodes[graph->node_count - 1]->out[0];
    ck_assert_str_eq(out->path, "seen");
    ck_assert_str_eq(shape_text(example.arena, out->shape),
                     shape_text(example.arena, size_cases[_i].out));
    example_close(&example);
}
END_TEST

/* ---- Mistakes ---- */

static const struct {
    const char *line, *words;
} refused_cases[] = {
    {"x=2,1,1,1,8 | <reshape x=\"x\" shape=\"1 3 -1 1\"/>", "a sample has 8 numbers"},
    {"x=2,1,1,1,8 | <reshape x=\"x\" shape=\"-1 2 -1 1\"/>", "one may be -1"},
    {"x=2,1,1,1,8 | <reshape x=\"x\" shape=\"2 4\"/>", "2 sizes are not the four"},
    {"x=2,1,1,1,8 | <group_norm x=\"x\" groups=\"3\"/>", "8 channels can't be cut into 3 groups"},
    {"a=2,1,1,1,8 b=2,1,1,1,7 | <residual x=\"a b\"/>", "they must be alike"},
    {"x=2,1,1,1,600 | <softmax x=\"x\"/>", "softmax takes up to 512"},
    {"x=probability:2,1,1,1,3 l=label:2,1,1,1,1:3 | <cross_entropy logits=\"x\" label=\"l\"/>",
     "logits takes a feature or logits"},
    {"x=2,1,1,1,3 l=label:2,1,1,1,1:3 | <cross_entropy logits=\"x\" label=\"l\" "
     "class_weights=\"1 2\"/>",
     "2 numbers where 3 are needed"},
    {"x=2,1,1,1,3 l=label:2,1,1,1,1:4 | <cross_entropy logits=\"x\" label=\"l\"/>",
     "3 channels stand for 3 classes, and there are 4"},
    {"x=2,1,1,1,600 l=label:2,1,1,1,1 | <cross_entropy logits=\"x\" label=\"l\"/>",
     "the loss takes up to 512"},
    {"x=2,1,1,4,1 y=mask:2,1,1,4,1:3 | <bce_loss logits=\"x\" truth=\"y\"/>", "take cross_entropy"},
    {"x=2,1,1,4,1 y=mask:2,1,1,4,1:3 | <dice_loss logits=\"x\" mask=\"y\"/>",
     "1 channels stand for 2 classes"},
    {"x=2,1,1,1,3 y=2,1,1,1,4 | <mse_loss x=\"x\" target=\"y\"/>", "what it is compared with"},
    {"x=probability:2,1,1,1,3 | <identity x=\"x\" as=\"logits\"/>", "a probability stays one"},
    {"x=2,1,3,3,3 | <average_pool x=\"x\" kernel=\"4\"/>", "smaller than a window"},
    {"z=noise:2,1,1,1,9 f=mask:2,1,4,4,1:2 | <generator noise=\"z\" like=\"f\"/>",
     "only images and features"},
};

START_TEST(refused)
{
    Example example;
    char *told = NULL;
    size_t length;
    read_line(&example, refused_cases[_i].line);
    example_infer(&example, registry, &(ExampleSetting){.behind = NULL});
    FILE *out = open_memstream(&told, &length);
    diag_print(example.diag, out, false);
    fclose(out);
    ck_assert_msg(strstr(told, refused_cases[_i].words) != NULL, "wanted: %s\ngot: %s",
                  refused_cases[_i].words, told);
    ck_assert_uint_eq(diag_errors(example.diag), 1);
    free(told);
    example_close(&example);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("node values");
    TCase *tests = tcase_create("values");
    registry = registry_new();
    tcase_add_loop_test(tests, values, 0, COUNT(value_cases));
    tcase_add_loop_test(tests, schedules, 0, COUNT(schedule_cases));
    tcase_add_loop_test(tests, sizes, 0, COUNT(size_cases));
    tcase_add_loop_test(tests, refused, 0, COUNT(refused_cases));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    registry_free(registry);
    return failed > 0;
}
