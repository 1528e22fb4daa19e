/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Classes of pixels, predicted and true, brought back to the voxels of their image. */
#include "image_space.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base.h"

enum { LONGEST = 65536 }; /* of an axis: a map may come from a file */

static bool map_sound(const VolumeMap *map)
{
    int axes = 0;
    for (int a = 0; a < 3; a++) {
        if (map->size[a] < 1 || map->size[a] > LONGEST || map->file_size[a] < 1 ||
            map->file_size[a] > LONGEST || map->axis[a] < 0 || map->axis[a] > 2)
            return false;
        if (!isfinite(map->start[a]) || !isfinite(map->step[a]) || !(map->step[a] > 0))
            return false;
        axes |= 1 << map->axis[a];
    }
    return axes == 7;
}

static int64_t bytes_of(const int64_t size[3]) /* at most LONGEST^3 floats: no overflow */
{
    return size[0] * size[1] * size[2] * (int64_t)sizeof(float);
}

static float *volume_new(int64_t bytes, FornixError *error)
{
    float *volume = mem_large((size_t)bytes);
    if (volume)
        memset(volume, 0, (size_t)bytes);
    else
        fornix_fail(error, "no memory for a volume of %" PRId64 " MB", bytes >> 20);
    return volume;
}

bool image_space_known(const FornixSpace *space)
{
    VolumeMap map;
    if (space)
        memcpy(&map, space->map, sizeof map);
    return space && map_sound(&map);
}

bool image_space_open(ImageSpace *image, const FornixSpace *space, FornixError *error)
{
    *image = (ImageSpace){0};
    if (!image_space_known(space))
        return fornix_fail_input(error, "the samples know no way back to an image of their own");
    memcpy(&image->map, space->map, sizeof image->map);
    memcpy(image->size, image->map.size, sizeof image->size);
    image->bytes = bytes_of(image->size);
    image->predicted = volume_new(image->bytes, error);
    image->truth = volume_new(image->bytes, error);
    if (image->predicted && image->truth)
        return true;
    image_space_close(image);
    return false;
}

void image_space_close(ImageSpace *image)
{
    mem_large_free(image->predicted, (size_t)image->bytes);
    mem_large_free(image->truth, (size_t)image->bytes);
    image->predicted = image->truth = NULL;
}

bool image_space_put(ImageSpace *image, const FornixSpace *space, FornixShape shape,
                     const float *predicted, const float *truth, FornixError *error)
{
    const int64_t *size = image->map.size;
    int64_t plane[2];
    if (!space || memcmp(space->map, &image->map, sizeof image->map) != 0)
        return fornix_fail_input(error, "samples of one image have different ways back to it");
    if (space->slice < 0 && shape.w == size[0] && shape.h == size[1] && shape.d == size[2]) {
        memcpy(image->predicted, predicted, (size_t)image->bytes);
        memcpy(image->truth, truth, (size_t)image->bytes);
        return true;
    }
    if (space->slice < 0 || space->axis < 0 || space->axis > 2 ||
        space->slice >= size[space->axis] || shape.d != 1)
        return fornix_fail_input(error,
                                 "samples have not the size that their way back starts from");
    volume_slice_size(size, space->axis, plane);
    if (shape.w != plane[0] || shape.h != plane[1])
        return fornix_fail_input(error,
                                 "samples have not the size that their way back starts from");
    volume_put_slice(image->predicted, size, 1, space->axis, space->slice, predicted);
    volume_put_slice(image->truth, size, 1, space->axis, space->slice, truth);
    return true;
}

bool image_space_back(ImageSpace *image, FornixError *error)
{
    int64_t size[3];
    volume_image_size(&image->map, size);
    int64_t bytes = bytes_of(size);
    float *predicted = volume_new(bytes, error), *truth = volume_new(bytes, error);
    if (!predicted || !truth ||
        !volume_from_grid(&image->map, VOLUME_NEAREST, image->predicted, 1, 0, predicted, error) ||
        !volume_from_grid(&image->map, VOLUME_NEAREST, image->truth, 1, 0, truth, error)) {
        mem_large_free(predicted, (size_t)bytes);
        mem_large_free(truth, (size_t)bytes);
        return false;
    }
    image_space_close(image);
    image->predicted = predicted;
    image->truth = truth;
    image->bytes = bytes;
    memcpy(image->size, size, sizeof size);
    return true;
}
