/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small cohorts for the graphs that read files. */
#ifndef FORNIX_TESTS_TYPOS_DATA_H
#define FORNIX_TESTS_TYPOS_DATA_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    static const char *const sites[] = {"DU", "CS", "EZ", "FG", "HT"};
    text_add(index, "patient,subject,image,flair,t1,t1ce,t2,mask,who_grade,grade,institution\n");
    for (int k = 0; k < 20; k++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%d.nii", folder, k);
        need(volume_write(path, &info, image, VOLUME_FLOAT32, &error), &error);
        text_format(index, "p%d,p%d,%d.nii,%d.nii,%d.nii,%d.nii,%d.nii,mask.nii,%d,%s,%s\n", k, k,
                    k, k, k, k, k, 2 + k % 2, k % 2 ? "HGG" : "LGG", sites[k / 2 % 5]);
    }
    char path[64];
    snprintf(path, sizeof path, "%s/mask.nii", folder);
    need(volume_write(path, &info, mask, VOLUME_UINT8, &error), &error);
}

/* Cases in folders of their own; the list lies beside the graph. */
static void write_cases(const char *folder, Text *index)
{
    Text list = {0};
    FornixError error = {0};
    write_volumes(folder, index);
    text_add(&list, "case,flair,t1ce,seg\n");
    for (int k = 0; k < 3; k++)
        text_format(&list, "c%d,%d.nii,%d.nii,mask.nii\n", k, k, k);
    need(file_write("brats-patches.csv", list.data, list.length, &error), &error);
    text_free(&list);
}

/* Images and masks of the same names in two folders. */
static void write_pairs(const char *folder, Text *index)
{
    static const char *const sides[] = {"images", "labels"};
    FornixError error = {0};
    for (int side = 0; side < 2; side++) {
        char path[64];
        Text ignored = {0};
        snprintf(path, sizeof path, "%s/%s", folder, sides[side]);
        need(file_make_folders(path, &error), &error);
        write_volumes(path, &ignored);
        text_free(&ignored);
        for (int k = 0; side && k < 20; k++) {
            char from[96], to[96];
            snprintf(from, sizeof from, "%s/mask.nii", path);
            snprintf(to, sizeof to, "%s/%d.nii", path, k);
            remove(to);
            if (link(from, to) != 0)
                perror(to);
        }
    }
    text_add(index, "file\n");
    for (int k = 0; k < 20; k++)
        text_format(index, "%d.nii\n", k);
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
                {"data/brats2015", "index.csv", write_cases},
                {"data/hippocampus", "index.csv", write_pairs},
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
