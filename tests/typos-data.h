/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small cohorts for the graphs that read files. */
#ifndef FORNIX_TESTS_TYPOS_DATA_H
#define FORNIX_TESTS_TYPOS_DATA_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "file.h"
#include "picture.h"
#include "text.h"
#include "volume.h"

enum { SIDE = 32, SLICES = 2 };

static void need(bool fine, const FornixError *error)
{
    if (fine)
        return;
    printf("test-typos: %s\n", error->text);
    exit(1);
}

static void write_pictures(const char *folder, Text *index)
{
    static const char *const types[] = {"meningioma", "glioma", "pituitary"};
    FornixError error = {0};
    uint8_t pixels[SIDE * SIDE] = {0};
    memset(pixels + SIDE * 12, 1, SIDE * 8);
    char mask[64];
    snprintf(mask, sizeof mask, "%s/mask.png", folder);
    need(picture_write(mask, pixels, SIDE, SIDE, 1, &error), &error);
    text_add(index, "file,mask,class,fold\n");
    for (int k = 0; k < 30; k++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%d.png", folder, k);
        pixels[k] = 200;
        need(picture_write(path, pixels, SIDE, SIDE, 1, &error), &error);
        text_format(index, "%d.png,mask.png,%s,%d\n", k, types[k % 3], 1 + k / 3 % 5);
    }
}

static void write_volumes(const char *folder, Text *index)
{
    static float image[SIDE * SIDE * SLICES], mask[SIDE * SIDE * SLICES];
    const VolumeInfo info = {.map = {.file_size = {SIDE, SIDE, SLICES},
                                     .size = {SIDE, SIDE, SLICES},
                                     .axis = {0, 1, 2},
                                     .step = {1, 1, 1}},
                             .channels = 1,
                             .spacing = {1, 1, 1},
                             .affine = {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}},
                             .placed = true};
    FornixError error = {0};
    for (int i = 0; i < SIDE * SIDE * SLICES; i++) {
        image[i] = (float)(i % 91 + (int)strlen(folder)); /* other files in other folders */
        mask[i] = i / SIDE % SIDE > 20;
    }
    text_add(index, "patient,subject,image,flair,t1,t1ce,t2,mask,who_grade,grade\n");
    for (int k = 0; k < 20; k++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%d.nii", folder, k);
        need(volume_write(path, &info, image, VOLUME_FLOAT32, &error), &error);
        text_format(index, "p%d,p%d,%d.nii,%d.nii,%d.nii,%d.nii,%d.nii,mask.nii,%d,%s\n", k, k, k,
                    k, k, k, k, 2 + k % 2, k % 2 ? "HGG" : "LGG");
    }
    char path[64];
    snprintf(path, sizeof path, "%s/mask.nii", folder);
    need(volume_write(path, &info, mask, VOLUME_UINT8, &error), &error);
}

static void write_table(const char *folder, Text *index)
{
    (void)folder;
    text_add(index, "Grade,Gender,Age,IDH1\n");
    for (int k = 0; k < 100; k++)
        text_format(index, "%d,%d,%d.5,%d\n", k % 2, k / 2 % 2, 30 + k % 37, k % 3 == 0);
}

static void write_data(void)
{
    static const struct {
        const char *folder, *index;
        void (*write)(const char *folder, Text *index);
    } sets[] = {{"data/cheng", "index.csv", write_pictures},
                {"data/lgg", "index.csv", write_volumes},
                {"data/other", "index.csv", write_volumes},
                {"data/tables", "TCGA_InfoWithGrade.csv", write_table}};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        FornixError error = {0};
        Text index = {0};
        char *path = file_join(sets[i].folder, sets[i].index);
        need(file_make_folders(sets[i].folder, &error), &error);
        sets[i].write(sets[i].folder, &index);
        need(file_write(path, index.data, index.length, &error), &error);
        text_free(&index);
        mem_free(path);
    }
}

#endif
