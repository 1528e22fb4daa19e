/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every plugin of the build loads; those that cannot be used are refused in words. */
#include "registry.h"

#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "descriptor.h"
#include "file.h"

START_TEST(all_load)
{
    Registry *registry = registry_new();
    size_t count;
    const char *const *names = registry_names(registry, &count);
    for (size_t i = 0; i < count; i++) {
        FornixError error = {0};
        const Plugin *plugin = registry_find(registry, names[i]);
        if (!plugin)
            registry_fail(registry, names[i], &error);
        ck_assert_msg(plugin != NULL, "%s", error.text);
        ck_assert_str_eq(plugin->name, names[i]);
        ck_assert_str_eq(plugin->node->name, names[i]);
        ck_assert(i == 0 || strcmp(names[i - 1], names[i]) < 0);
        ck_assert_ptr_eq(plugin, registry_find(registry, names[i]));
    }
    registry_free(registry);
}
END_TEST

START_TEST(hashes)
{
    Registry *registry = registry_new();
    size_t count;
    const char *const *names = registry_names(registry, &count);
    for (size_t i = 0; i < count && i < 2; i++) {
        const Plugin *plugin = registry_find(registry, names[i]);
        ck_assert_ptr_nonnull(plugin);
        FornixError error = {0};
        Hash first, again, file;
        ck_assert(registry_hash(registry, plugin, &first, &error));
        ck_assert(registry_hash(registry, plugin, &again, &error));
        ck_assert(hash_file(plugin->path, &file, &error));
        ck_assert(hash_equal(first, again) && hash_equal(first, file));
    }
    registry_free(registry);
}
END_TEST

/* ---- Plugins that can't be used ---- */

static char folder[] = "test-registry-XXXXXX";

static void start(void)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void stop(void)
{
    FornixError error = {0};
    ck_assert_msg(file_remove(folder, &error), "%s", error.text);
}

static void expect_failure(const char *name, const char *words)
{
    setenv("FORNIX_PLUGIN_PATH", folder, 1);
    Registry *registry = registry_new();
    FornixError error = {0};
    ck_assert_ptr_null(registry_find(registry, name));
    ck_assert_ptr_null(registry_find(registry, name)); /* and stays refused */
    ck_assert(!registry_fail(registry, name, &error));
    ck_assert(error.input);
    ck_assert_msg(strstr(error.text, words) != NULL, "wanted: %s\ngot: %s", words, error.text);
    registry_free(registry);
}

static void add_link(const char *target, const char *name)
{
    char *path = file_join(folder, name), whole[PATH_MAX];
    ck_assert_ptr_nonnull(realpath(target, whole));
    ck_assert_int_eq(symlink(whole, path), 0);
    mem_free(path);
}

START_TEST(no_library)
{
    FornixError error = {0};
    char *path = file_join(folder, "broken.so");
    ck_assert(file_write(path, "no machine code", 15, &error));
    mem_free(path);
    expect_failure("broken", "broken.so: ");
    expect_failure("absent", "there is no node 'absent'");
}
END_TEST

START_TEST(no_symbol)
{
    add_link("src/.libs/libfornix.so", "stranger.so");
    expect_failure("stranger", "has no symbol 'fornix_node'");
}
END_TEST

/* The first folder decides: what stands there hides the build's own. */
START_TEST(other_name)
{
    Registry *registry = registry_new();
    size_t count;
    const char *const *names = registry_names(registry, &count);
    if (count > 0) {
        char target[PATH_MAX], words[200];
        snprintf(target, sizeof target, "nodes/.libs/%s.so", names[0]);
        snprintf(words, sizeof words, "it calls itself '%s'", names[0]);
        add_link(target, "renamed.so");
        expect_failure("renamed", words);
        add_link("src/.libs/libfornix.so", strrchr(target, '/') + 1);
        expect_failure(names[0], "has no symbol 'fornix_node'");
    }
    registry_free(registry);
}
END_TEST

START_TEST(told_at_the_element)
{
    FornixError error = {0};
    char *path = file_join(folder, "conv_transposed.so");
    ck_assert(file_write(path, "", 0, &error));
    mem_free(path);
    setenv("FORNIX_PLUGIN_PATH", folder, 1);
    Registry *registry = registry_new();
    Arena *arena = arena_new();
    Diag *diag = diag_new();
    const Element *fragment = xml_parse_fragment(
        "<test>", "<conv_transpsoed/>\n <conv_transposed/><qqqqqq/>", diag, arena);
    for (const Element *element = fragment->first; element; element = element->next)
        ck_assert_ptr_null(registry_need(registry, element, diag));
    char *told = NULL;
    size_t length;
    FILE *out = open_memstream(&told, &length);
    diag_print(diag, out, false);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(told, "<test>:1:2: error: there is no node 'conv_transpsoed'"));
    ck_assert_ptr_nonnull(strstr(told, "did you mean 'conv_transposed'?"));
    ck_assert_ptr_nonnull(strstr(told, "<test>:2:3: error: node 'conv_transposed' does not load"));
    ck_assert_ptr_nonnull(strstr(told, "looked in test-registry-"));
    free(told);
    diag_free(diag);
    arena_free(arena);
    registry_free(registry);
}
END_TEST

/* ---- Descriptors ---- */

typedef struct {
    int64_t width;
    double rate;
} Attrs;

static bool infer(FornixInfer *step, const void *attrs)
{
    return step && attrs;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)step, (void)attrs, (void)pass, (void)begin, (void)end;
}

static void update(const FornixUpdate *step, const void *attrs, int64_t begin, int64_t end)
{
    (void)step, (void)attrs, (void)begin, (void)end;
}

static const FornixLayer layer = {.infer = infer, .forward = forward};
static const FornixOptimizer optimizer = {.rate_offset = offsetof(Attrs, rate), .update = update};

static FornixAttr attrs[] = {FORNIX_INT(Attrs, width, "1", 1, 9, "how wide"),
                             FORNIX_REAL(Attrs, rate, "1", 0, 9, "how fast"),
                             {0}};
static FornixPort inputs[] = {{"x", FORNIX_VALUES, 0, "what comes in"},
                              {"y", FORNIX_VALUES, FORNIX_OPTIONAL, "what comes in too"},
                              {0}};
static FornixPort outputs[] = {{"out", FORNIX_FEATURE, FORNIX_SAVED, "what goes out"}, {0}};
static FornixNode node;

static void good_node(void)
{
    node = (FornixNode){.abi = FORNIX_ABI,
                        .name = "thing",
                        .doc = "Does a thing.",
                        .attrs_size = sizeof(Attrs),
                        .attrs = attrs,
                        .inputs = inputs,
                        .outputs = outputs,
                        .layer = &layer};
}

static void refused(const char *words)
{
    FornixError error = {0};
    ck_assert_msg(!descriptor_check(&node, "thing", &error), "taken, wanted: %s", words);
    ck_assert_msg(strstr(error.text, words) != NULL, "wanted: %s\ngot: %s", words, error.text);
}

START_TEST(sound_node)
{
    FornixError error = {0};
    ck_assert_msg(descriptor_check(&node, "thing", &error), "%s", error.text);
    ck_assert_int_eq(descriptor_family(&node), FAMILY_LAYER);
    node.layer = NULL, node.inputs = node.outputs = NULL, node.optimizer = &optimizer;
    ck_assert_msg(descriptor_check(&node, "thing", &error), "%s", error.text);
    ck_assert_str_eq(family_name(descriptor_family(&node)), "optimizer");
}
END_TEST

START_TEST(unsound_nodes)
{
    node.abi++;
    refused("ABI");
    good_node();
    node.name = "Thing";
    refused("is no name");
    good_node();
    node.doc = "";
    refused("no doc");
    good_node();
    node.optimizer = &optimizer;
    refused("2 families");
    good_node();
    node.layer = NULL;
    refused("0 families");
    good_node();
    node.outputs = NULL;
    refused("no output");
    good_node();
    node.layer = &(FornixLayer){.infer = infer};
    refused("infer and forward");
    node.layer = &(FornixLayer){.infer = infer, .forward = forward, .fuses = "conv relu"};
    refused("fuses and fuse");
}
END_TEST

START_TEST(unsound_tables)
{
    attrs[1].name = "width";
    refused("attribute 'width' is there twice");
    attrs[1].name = "if";
    refused("belongs to the engine");
    attrs[1].name = "x";
    refused("an attribute and an input");
    attrs[1].name = "a b";
    refused("no name for an attribute");
    attrs[1].name = "rate", attrs[1].fallback = "10";
    refused("not 0 to 9");
    attrs[1].fallback = "1";
    inputs[1].name = "x";
    refused("port 'x' is there twice");
    inputs[1].name = "id";
    refused("name of the engine's");
    inputs[1].name = "y", inputs[0].flags = FORNIX_MANY;
    refused("not the last");
    inputs[0].flags = 0, inputs[0].kinds = FORNIX_SAMPLES;
    refused("kinds that its family has not");
    inputs[0].kinds = FORNIX_VALUES, inputs[0].doc = NULL;
    refused("port 'x' has no doc");
    inputs[0].doc = "x", outputs[0].kinds = FORNIX_IMAGE | FORNIX_MASK;
    refused("not one kind");
    outputs[0].kinds = FORNIX_IMAGE, outputs[0].flags = FORNIX_OPTIONAL;
    refused("flags of an input");
    outputs[0].kinds = 0, outputs[0].flags = 0, node.inputs = NULL;
    refused("no kind and no input");
}
END_TEST

START_TEST(words_for_kinds)
{
    static const struct {
        unsigned kinds;
        const char *words;
    } cases[] = {{FORNIX_IMAGE, "image"},
                 {FORNIX_IMAGE | FORNIX_FEATURE, "image or feature"},
                 {FORNIX_IMAGE | FORNIX_FEATURE | FORNIX_LOGITS, "image, feature or logits"},
                 {FORNIX_ANY_TENSOR, "any tensor"},
                 {FORNIX_SAMPLES, "table"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        Text out = {0};
        descriptor_kinds(cases[i].kinds, &out);
        ck_assert_str_eq(text_value(&out), cases[i].words);
        text_free(&out);
    }
}
END_TEST

int main(void)
{
    unsetenv("FORNIX_PLUGIN_PATH");
    Suite *suite = suite_create("registry");
    TCase *build = tcase_create("build");
    tcase_add_test(build, all_load);
    tcase_add_test(build, hashes);
    suite_add_tcase(suite, build);
    TCase *refusals = tcase_create("refusals");
    tcase_add_checked_fixture(refusals, start, stop);
    tcase_add_test(refusals, no_library);
    tcase_add_test(refusals, no_symbol);
    tcase_add_test(refusals, other_name);
    tcase_add_test(refusals, told_at_the_element);
    suite_add_tcase(suite, refusals);
    TCase *descriptors = tcase_create("descriptors");
    tcase_add_checked_fixture(descriptors, good_node, NULL);
    tcase_add_test(descriptors, sound_node);
    tcase_add_test(descriptors, unsound_nodes);
    tcase_add_test(descriptors, unsound_tables);
    tcase_add_test(descriptors, words_for_kinds);
    suite_add_tcase(suite, descriptors);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
