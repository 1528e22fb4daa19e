/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loaders of files, on files made here. */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "picture.h"
#include "safetensors.h"
#include "tables.h"
#include "volume.h"

enum { W = 6, H = 5, D = 4, VOXELS = W * H * D };

static Made made;
static char folder[64];

static void text_file(const char *name, const char *text)
{
    FornixError error = {0};
    char *path = file_join(folder, name);
    ck_assert_msg(file_write(path, text, strlen(text), &error), "%s", error.text);
    mem_free(path);
}

static void volume_file(const char *name, const float *image, int64_t channels)
{
    FornixError error = {0};
    VolumeInfo info = {
        .map = {.file_size = {W, H, D}, .size = {W, H, D}, .axis = {0, 1, 2}, .step = {1, 1, 1}},
        .channels = channels,
        .spacing = {1, 1, 2},
        .affine = {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 2, 0}},
        .placed = true};
    char *path = file_join(folder, name);
    ck_assert_msg(volume_write(path, &info, image, VOLUME_FLOAT32, &error), "%s", error.text);
    mem_free(path);
}

/* Two subjects. Voxel (w, h, d) of `image` of subject s is 100 s + 20 d + 4 h + w + 1, of `other`
 * ten times that; the mask is 2 where w = 1 in slices d = 1 and 2, and 4 where w = 2 in slice 2. */
static void cohort_write(void)
{
    float image[VOXELS], other[VOXELS], mask[VOXELS];
    for (int s = 0; s < 2; s++) {
        for (int i = 0; i < VOXELS; i++) {
            int w = i % W, h = i / W % H, d = i / W / H;
            image[i] = (float)(100 * s + 20 * d + 4 * h + w + 1);
            other[i] = 10 * image[i];
            mask[i] = w == 1 && (d == 1 || d == 2) ? 2 : w == 2 && d == 2 ? 4 : 0;
        }
        volume_file(s ? "b.nii.gz" : "a.nii.gz", image, 1);
        volume_file(s ? "b-other.nii" : "a-other.nii", other, 1);
        volume_file(s ? "b-mask.nii.gz" : "a-mask.nii.gz", mask, 1);
    }
    text_file("index.csv", "patient,flair,t1,seg,who\n"
                           "A,a.nii.gz,a-other.nii,a-mask.nii.gz,2\n"
                           "C,a.nii.gz,a-other.nii,a-mask.nii.gz,\n"
                           "B,b.nii.gz,b-other.nii,b-mask.nii.gz,3\n");
}

static void start(void)
{
    made_start(&made);
    strcpy(folder, "/tmp/test-loaders-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    cohort_write();
}

static void stop(void)
{
    FornixError error = {0};
    made_stop(&made);
    file_remove(folder, &error);
}

/* A loader with its manifest in our folder. */
static const FornixTable *load(const char *node, const char *manifest, const char *attributes)
{
    char text[1000];
    snprintf(text, sizeof text, "<%s manifest='%s/%s' %s/>", node, folder, manifest, attributes);
    return made_run(&made, text, NULL, NULL);
}

static void refused(const char *node, const char *manifest, const char *attributes,
                    const char *where, const char *expected)
{
    ck_assert_msg(!load(node, manifest, attributes), "%s was taken", attributes);
    ck_assert_msg(strstr(made.mistake, expected) != NULL, "%s: %s", attributes, made.mistake);
    if (where)
        ck_assert_str_eq(made.where, where);
}

#define COHORT "subject='patient' cohort='c' labels='grade:who' classes='2:low 3:high' "

START_TEST(whole_volumes)
{
    const FornixTable *table =
        load("nifti", "index.csv", COHORT "images='flair t1' mask='seg' normalise='none'");
    ck_assert_msg(table != NULL, "%s", made.mistake);
    ck_assert_int_eq(fornix_rows(table), 2);
    ck_assert_str_eq(fornix_row(table, 0)->subject, "c/A");
    ck_assert_str_eq(fornix_row(table, 1)->subject, "c/B");
    ck_assert(made_label(table, 0) == 0 && made_label(table, 1) == 1);
    int grade = fornix_find_column(table, "grade");
    ck_assert_str_eq(fornix_column(table, grade)->class_names[1], "high");
    FornixShape shape = fornix_column(table, 0)->shape;
    ck_assert(shape.d == D && shape.h == H && shape.w == W && shape.c == 2);
    int at = (2 * H + 3) * W + 4; /* d 2, h 3, w 4 */
    ck_assert(made_value(table, "image", 1, 2 * at) == 100 + 40 + 12 + 4 + 1);
    ck_assert(made_value(table, "image", 1, 2 * at + 1) == 10 * (100 + 40 + 12 + 4 + 1));
    ck_assert(made_value(table, "mask", 0, 2 * H * W + 2) == 1);
    ck_assert(made_value(table, "mask", 0, 2 * H * W + 3) == 0);
    made_boxes(table, "image", 1);
    const FornixSpace *space = fornix_space(table, 1);
    ck_assert_int_eq(space->slice, -1);
    ck_assert_double_eq(space->spacing[2], 2);
    ck_assert_ptr_nonnull(strstr(space->file, "b.nii.gz"));
}
END_TEST

START_TEST(slices)
{
    const FornixTable *table = load("nifti", "index.csv",
                                    COHORT "images='flair' mask='seg' mask_classes='4 2' "
                                           "slices='axial' keep='tumour' normalise='none'");
    ck_assert_msg(table != NULL, "%s", made.mistake);
    ck_assert_int_eq(fornix_rows(table), 4);
    ck_assert_str_eq(fornix_row(table, 1)->name, "slice 2");
    ck_assert_int_eq(fornix_space(table, 1)->slice, 2);
    FornixShape shape = fornix_column(table, 0)->shape;
    ck_assert(shape.d == 1 && shape.h == H && shape.w == W && shape.c == 1);
    ck_assert_int_eq(fornix_column(table, 1)->classes, 3);
    ck_assert(made_value(table, "image", 1, 3 * W + 4) == 40 + 12 + 4 + 1);
    ck_assert(made_value(table, "mask", 1, 3 * W + 1) == 2);
    ck_assert(made_value(table, "mask", 1, 3 * W + 2) == 1);
    ck_assert(made_value(table, "mask", 0, 3 * W + 2) == 0);
    made_boxes(table, "image", 1);
    made_boxes(table, "mask", 1);
    table = load("nifti", "index.csv",
                 COHORT "images='flair' mask='seg' slices='sagittal' size='6 3' normalise='none'");
    ck_assert_msg(table != NULL, "%s", made.mistake);
    ck_assert_int_eq(fornix_rows(table), 2 * W);
    shape = fornix_column(table, 0)->shape;
    ck_assert(shape.d == 1 && shape.h == 6 && shape.w == 3);
    /* Height is D padded by one on both sides, width the middle three of H. */
    ck_assert(made_value(table, "image", 2, 1 * 3 + 0) == 4 * 1 + 2 + 1);
    ck_assert(made_value(table, "image", 2, 0) == 1);
    ck_assert(made_value(table, "mask", 2, 3 * 3 + 2) == 1);
}
END_TEST

START_TEST(scales)
{
    const FornixTable *table = load("nifti", "index.csv", COHORT "images='flair'");
    double sum = 0, squares = 0;
    for (int i = 0; i < VOXELS; i++) {
        double x = made_value(table, "image", 1, i);
        sum += x;
        squares += x * x;
    }
    ck_assert_double_eq_tol(sum / VOXELS, 0, 1e-6);
    ck_assert_double_eq_tol(squares / VOXELS, 1, 1e-6);
    table = load("nifti", "index.csv", COHORT "images='flair' normalise='percentile' size='8 8 8'");
    float low = INFINITY, high = -INFINITY;
    for (int i = 0; i < 512; i++) {
        low = fminf(low, made_value(table, "image", 0, i));
        high = fmaxf(high, made_value(table, "image", 0, i));
    }
    ck_assert(low == 0 && high == 1);
    table = load("nifti", "index.csv", COHORT "images='flair' normalise='byte'");
    ck_assert_float_eq(made_value(table, "image", 1, 7), (float)(100 + 4 + 1 + 1) / 255);
    /* A voxel more on both sides of W: the first lies outside. */
    const char *wide = COHORT "images='flair' size='5 6 8'";
    char zero[200];
    snprintf(zero, sizeof zero, "%s outside='zero'", wide);
    ck_assert(made_value(load("nifti", "index.csv", wide), "image", 0, 0) < -1);
    ck_assert(made_value(load("nifti", "index.csv", zero), "image", 0, 0) == 0);
    table = load("nifti", "index.csv", COHORT "images='flair' spacing='2' normalise='none'");
    FornixShape shape = fornix_column(table, 0)->shape;
    ck_assert(shape.d == D && shape.w == W / 2);
}
END_TEST

/* 2 samples of 3 channels of 2 x 4 pixels as NumPy saves them; in Fortran's order all the other way
 * round. Number i of the file is i. */
static void array_file(const char *name, bool fortran)
{
    unsigned char bytes[256] = "\x93NUMPY\1";
    FornixError error = {0};
    char *header = (char *)bytes + 10;
    bytes[8] =
        (unsigned char)sprintf(header, "{'descr': '|u1', 'fortran_order': %s, 'shape': (%s), }\n",
                               fortran ? "True" : "False", fortran ? "4, 2, 3, 2" : "2, 3, 2, 4");
    for (int i = 0; i < 48; i++)
        header[bytes[8] + i] = (char)i;
    char *path = file_join(folder, name);
    ck_assert_msg(file_write(path, bytes, 10 + (size_t)bytes[8] + 48, &error), "%s", error.text);
    mem_free(path);
}

static const FornixTable *array_load(const char *name, const char *attributes)
{
    char text[1000];
    snprintf(text, sizeof text, "<npy file='%s/%s' cohort='a' %s/>", folder, name, attributes);
    return made_run(&made, text, NULL, NULL);
}

START_TEST(arrays)
{
    array_file("c.npy", false);
    array_file("fortran.npy", true);
    for (int k = 0; k < 2; k++) {
        const FornixTable *table =
            array_load(k ? "fortran.npy" : "c.npy", k ? "axes='w h c n'" : "axes='n c h w'");
        ck_assert_msg(table != NULL, "%s", made.mistake);
        ck_assert_int_eq(fornix_rows(table), 2);
        ck_assert_str_eq(fornix_row(table, 1)->subject, "a/1");
        FornixShape shape = fornix_column(table, 0)->shape;
        ck_assert(shape.d == 1 && shape.h == 2 && shape.w == 4 && shape.c == 3);
        for (int h = 0; h < 2; h++)
            for (int w = 0; w < 4; w++)
                for (int c = 0; c < 3; c++)
                    ck_assert_float_eq(made_value(table, "image", 1, (h * 4 + w) * 3 + c),
                                       (float)(24 + c * 8 + h * 4 + w));
    }
    const FornixTable *table = array_load("c.npy", "axes='c -w d -h' normalise='byte'");
    ck_assert_msg(table != NULL, "%s", made.mistake);
    ck_assert_int_eq(fornix_rows(table), 1);
    FornixShape shape = fornix_column(table, 0)->shape;
    ck_assert(shape.d == 2 && shape.h == 4 && shape.w == 3 && shape.c == 2);
    for (int d = 0; d < 2; d++)
        for (int h = 0; h < 4; h++)
            for (int w = 0; w < 3; w++)
                for (int c = 0; c < 2; c++)
                    ck_assert_float_eq(made_value(table, "image", 0, ((d * 4 + h) * 3 + w) * 2 + c),
                                       (float)(((c * 3 + 2 - w) * 2 + d) * 4 + 3 - h) / 255);
    ck_assert(!array_load("c.npy", "axes='n c w w'") && strstr(made.mistake, "twice"));
    ck_assert(!array_load("c.npy", "axes='-n c h w'") && strstr(made.mistake, "is none of"));
    ck_assert(!array_load("c.npy", "axes='h c w n'") && strstr(made.mistake, "slowest"));
}
END_TEST

/* Masks called as their images, in a folder of their own. */
START_TEST(mask_folder)
{
    FornixError error = {0};
    char *masks = file_join(folder, "masks"), *from = file_join(folder, "a-mask.nii.gz"),
         *to = file_join(masks, "a.nii.gz"), attributes[300];
    ck_assert_msg(file_make_folders(masks, &error), "%s", error.text);
    ck_assert_int_eq(rename(from, to), 0);
    text_file("same.csv", "patient,file\nA,a.nii.gz\n");
    snprintf(attributes, sizeof attributes,
             "subject='patient' images='file' mask='file' mask_folder='%s' mask_classes='2 4'",
             masks);
    const FornixTable *table = load("nifti", "same.csv", attributes);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    ck_assert(made_value(table, "mask", 0, 2 * H * W + 1) == 1);
    ck_assert(made_value(table, "mask", 0, 2 * H * W + 2) == 2);
    mem_free(masks);
    mem_free(from);
    mem_free(to);
}
END_TEST

START_TEST(bad_manifests)
{
    refused("nifti", "nowhere.csv", "subject='patient' images='flair'", "manifest", "nowhere.csv");
    refused("nifti", "index.csv", "subject='patinet' images='flair'", "subject", "patient");
    refused("nifti", "index.csv", "subject='patient' images='flaire'", "images", "flair");
    refused("nifti", "index.csv", "subject='patient' images='flair' labels='who' classes='2:low'",
            "classes", ":4: '3' of column 'who' has no class");
    refused("nifti", "index.csv", "subject='patient' images='flair' keep='tumour'", "keep",
            "in slices and with a mask");
    text_file("gone.csv", "patient,flair,seg\nA,gone.nii,a-mask.nii.gz\n");
    refused("nifti", "gone.csv", "subject='patient' images='flair'", NULL, "gone.nii");
    text_file("blank.csv", "patient,flair,seg\nA,,a-mask.nii.gz\n");
    refused("nifti", "blank.csv", "subject='patient' images='flair'", "manifest",
            "blank.csv:2: no 'flair'");
    text_file("twice.csv", "patient,flair\nA,a.nii.gz\nA,b.nii.gz\n");
    const FornixTable *table = load("nifti", "twice.csv", "subject='patient' images='flair'");
    ck_assert_str_eq(fornix_row(table, 1)->name, "line 3");
}
END_TEST

START_TEST(bad_volumes)
{
    float image[VOXELS] = {0};
    image[7] = NAN;
    volume_file("nan.nii", image, 1);
    text_file("nan.csv", "patient,flair,seg\nA,nan.nii,a-mask.nii.gz\n");
    const FornixTable *table = load("nifti", "nan.csv", "subject='patient' images='flair'");
    ck_assert_ptr_nonnull(table);
    float out[VOXELS];
    FornixError error = {0};
    ck_assert(!fornix_read(table, 0, 0, out, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "nan.nii"));
    table = load("nifti", "nan.csv", "subject='patient' images='flair' not_finite='zero'");
    ck_assert(made_value(table, "image", 0, 7) == 0);
    for (int i = 0; i < VOXELS; i++)
        image[i] = .5f;
    volume_file("half.nii", image, 1);
    text_file("half.csv", "patient,flair,seg\nA,a.nii.gz,half.nii\n");
    refused("nifti", "half.csv",
            "subject='patient' images='flair' mask='seg' slices='axial' keep='tumour'", NULL,
            "no whole number");
    float two[2 * VOXELS] = {0};
    volume_file("two.nii", two, 2);
    text_file("two.csv", "patient,flair,seg\nA,a.nii.gz,two.nii\n");
    refused("nifti", "two.csv", "subject='patient' images='flair' mask='seg'", "manifest",
            "two.nii holds 2");
    text_file("text.nii", "this is no volume");
    text_file("text.csv", "patient,flair,seg\nA,text.nii,half.nii\n");
    refused("nifti", "text.csv", "subject='patient' images='flair'", NULL, "text.nii");
}
END_TEST

/* ---- What is written back ---------------------------------------------------------------- */

static void check_mask(const char *name, const FornixTable *whole, int64_t row)
{
    FornixError error = {0};
    VolumeInfo info;
    char *path = file_join(folder, name);
    float *mask = volume_read(path, &info, NULL, &error);
    ck_assert_msg(mask != NULL, "%s", error.text);
    ck_assert_int_eq(info.map.size[0], W);
    for (int i = 0; i < VOXELS; i++)
        ck_assert(mask[i] == made_value(whole, "mask", row, i));
    mem_large_free(mask, (size_t)volume_bytes(&info.map, 1));
    mem_free(path);
}

START_TEST(masks_go_back)
{
    made.folder = folder;
    const FornixTable *whole = load("nifti", "index.csv", COHORT "images='flair' mask='seg'");
    const FornixTable *padded =
        load("nifti", "index.csv", COHORT "images='flair' mask='seg' size='8'");
    ck_assert_msg(made_run(&made, "<write_masks/>", padded, NULL) != NULL, "%s", made.mistake);
    check_mask("c/A.nii.gz", whole, 0);
    check_mask("c/B.nii.gz", whole, 1);
    const FornixTable *sliced = load("nifti", "index.csv",
                                     COHORT "images='flair' mask='seg' slices='coronal' size='3 6' "
                                            "normalise='none'");
    /* Cut to the middle three of D 4: slice 0 is lost, where there is no mask. */
    ck_assert_msg(made_run(&made, "<write_masks/>", sliced, NULL) != NULL, "%s", made.mistake);
    check_mask("c/B.nii.gz", whole, 1);
    ck_assert_msg(made_run(&made, "<write_pictures count='1'/>", padded, NULL) != NULL, "%s",
                  made.mistake);
    FornixError error = {0};
    PictureInfo info;
    char *path = file_join(folder, "c/A.png");
    ck_assert_msg(picture_inspect(path, &info, &error), "%s", error.text);
    ck_assert(info.width == 16 && info.height == 8 && info.channels == 3);
    mem_free(path);
}
END_TEST

/* ---- PNG --------------------------------------------------------------------------------- */

static void picture_file(const char *name, const uint8_t *pixels, int64_t h, int64_t w)
{
    FornixError error = {0};
    char *path = file_join(folder, name);
    ck_assert_msg(picture_write(path, pixels, h, w, 1, &error), "%s", error.text);
    mem_free(path);
}

START_TEST(pictures)
{
    const uint8_t one[6] = {0, 10, 20, 30, 40, 250}, mask[6] = {0, 0, 255, 0, 0, 255};
    picture_file("1.png", one, 2, 3);
    picture_file("1m.png", mask, 2, 3);
    picture_file("2.png", mask, 3, 2);
    text_file("pictures.csv", "file,mask,class,fold\n1.png,1m.png,glioma,10\n"
                              "1.png,1m.png,adenoma,9\n");
    const FornixTable *table = load("png", "pictures.csv",
                                    "images='file' mask='mask' labels='grade:class fold' "
                                    "normalise='none'");
    ck_assert_msg(table != NULL, "%s", made.mistake);
    ck_assert_int_eq(fornix_rows(table), 2);
    ck_assert_str_eq(fornix_row(table, 0)->subject, "png/1.png");
    ck_assert(made_value(table, "image", 0, 5) == 250 && made_value(table, "mask", 0, 2) == 1);
    ck_assert(made_label(table, 0) == 1 && made_label(table, 1) == 0);
    int fold = fornix_find_column(table, "fold"); /* numbers in their order, not in that of text */
    ck_assert(fornix_label(table, fold, 0) == 1 && fornix_label(table, fold, 1) == 0);
    const FornixTable *cropped =
        load("png", "pictures.csv", "images='file' size='2 1' normalise='none' colour='yes'");
    ck_assert_int_eq(fornix_column(cropped, 0)->shape.c, 3);
    ck_assert(made_value(cropped, "image", 0, 0) == 10 && made_value(cropped, "image", 0, 5) == 40);
    text_file("odd.csv", "file,mask\n1.png,1m.png\n2.png,1m.png\n");
    refused("png", "odd.csv", "images='file'", "manifest", "say a size for all");
    refused("png", "odd.csv", "images='file' mask='mask'", NULL, "2.png");
    refused("png", "pictures.csv", "images='file' mask_classes='1,2 2' mask='mask'", "mask_classes",
            "two classes");
    text_file("bad.csv", "file\nbad.csv\n");
    refused("png", "bad.csv", "images='file'", NULL, "bad.csv");
}
END_TEST

/* ---- Features ---------------------------------------------------------------------------- */

START_TEST(numbers)
{
    text_file("table.csv", "Grade,age,IDH1\n0,51.3,1\n1,38.72,0\n");
    const FornixTable *table =
        load("features", "table.csv", "labels='grade:Grade' classes='0:lgg 1:gbm'");
    ck_assert_msg(table != NULL, "%s", made.mistake);
    ck_assert_int_eq(fornix_column(table, 0)->shape.c, 2);
    ck_assert(made_value(table, "feature", 1, 0) == 38.72f);
    ck_assert_str_eq(fornix_row(table, 1)->subject, "features/3");
    table = load("features", "table.csv", "columns='IDH1'");
    ck_assert_int_eq(fornix_column(table, 0)->shape.c, 1);
    text_file("words.csv", "Grade,age\n0,51.3\n1,old\n");
    refused("features", "words.csv", "labels='Grade'", "columns", "old");
}
END_TEST

START_TEST(tensors)
{
    FornixError error = {0};
    char *path = file_join(folder, "x.safetensors");
    SafeTensor tensor = {"feature", SAFE_F32, 3, {2, 2, 3}};
    const float x[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, INFINITY};
    SafeWriter *writer = safetensors_create(path, &tensor, 1, NULL, 0, &error);
    ck_assert(safetensors_write(writer, 0, x, 2, &error) && safetensors_commit(writer, &error));
    text_file("who.csv", "subject,y\na,0\nb,1\n");
    char attributes[200];
    snprintf(attributes, sizeof attributes, "subject='subject' labels='grade:y' file='%s'", path);
    const FornixTable *table = load("features", "who.csv", attributes);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    FornixShape shape = fornix_column(table, 0)->shape;
    ck_assert(shape.h == 1 && shape.w == 2 && shape.c == 3);
    ck_assert(made_value(table, "feature", 0, 4) == 4);
    float out[6];
    ck_assert(!fornix_read(table, 0, 1, out, &error) && error.input);
    text_file("who.csv", "subject,y\na,0\n");
    refused("features", "who.csv", attributes, "file", "has 2 rows");
    mem_free(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loaders");
    TCase *tests = tcase_create("loaders");
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, whole_volumes);
    tcase_add_test(tests, slices);
    tcase_add_test(tests, scales);
    tcase_add_test(tests, arrays);
    tcase_add_test(tests, mask_folder);
    tcase_add_test(tests, bad_manifests);
    tcase_add_test(tests, bad_volumes);
    tcase_add_test(tests, masks_go_back);
    tcase_add_test(tests, pictures);
    tcase_add_test(tests, numbers);
    tcase_add_test(tests, tensors);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
