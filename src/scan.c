/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A large volume's time goes into passes over memory, so there is no copy that is not needed: a
 * file that is all of its grid is read, scaled or named in its place. */
#include "scan.h"

#include "base.h"

static int64_t voxels_of(const int64_t size[3])
{
    return size[0] * size[1] * size[2];
}

static bool values_finish(const ScanFiles *files, float *image, int64_t voxels, int64_t channels,
                          FornixError *error)
{
    return files->mask ? mask_map_apply(files->mask, image, voxels, error)
                       : pixels_scale(image, voxels, channels, files->scale, error);
}

/* NULL on failure; freed with mem_large_free. */
static float *image_fit(const ScanFiles *files, const VolumeMap *map, const VolumeInfo *info,
                        const float *image, FornixError *error)
{
    VolumeSampling sampling = files->mask ? VOLUME_NEAREST : VOLUME_LINEAR;
    size_t bytes = (size_t)volume_bytes(map, info->channels);
    float fill = 0, *part = mem_large(bytes);
    if (!files->mask && files->least)
        fill = pixels_least(image, voxels_of(info->map.size) * info->channels);
    if (!part)
        fornix_fail(error, "no memory for a grid of %zu MB", bytes >> 20);
    else if (volume_to_grid(map, sampling, image, info->channels, fill, part, error))
        return part;
    if (part)
        mem_large_free(part, bytes);
    return NULL;
}

/* Onto its place among the channels; *channel: the first, then the one behind. */
static bool file_load(const ScanFiles *files, const char *path, const VolumeMap *map,
                      int64_t *channel, float *grid, FornixError *error)
{
    VolumeInfo info;
    int64_t size[3];
    float *image = volume_read(path, &info, files->replace, error), *part = image;
    if (!image)
        return false;
    volume_image_size(map, size);
    bool fine = *channel + info.channels <= files->channels;
    for (int a = 0; a < 3; a++)
        fine = fine && info.map.size[a] == size[a];
    fine = (fine || fornix_fail(error, "%s changed while it was used", path)) &&
           values_finish(files, image, voxels_of(size), info.channels, error);
    if (fine && !volume_is_whole(map))
        fine = (part = image_fit(files, map, &info, image, error)) != NULL;
    if (fine)
        pixels_interleave(part, voxels_of(map->size), info.channels, grid + *channel,
                          files->channels);
    if (part && part != image)
        mem_large_free(part, (size_t)volume_bytes(map, info.channels));
    mem_large_free(image, (size_t)volume_bytes(&info.map, info.channels));
    *channel += info.channels;
    return fine;
}

bool scan_load(const ScanFiles *files, const VolumeMap *map, float *grid, FornixError *error)
{
    int64_t channel = 0;
    if (files->count == 1 && volume_is_whole(map)) {
        VolumeTarget target = {grid, files->channels, files->replace};
        return volume_read_into(files->paths[0], map, &target, error) &&
               values_finish(files, grid, voxels_of(map->size), files->channels, error);
    }
    for (int64_t i = 0; i < files->count; i++)
        if (!file_load(files, files->paths[i], map, &channel, grid, error))
            return false;
    return channel == files->channels ||
           fornix_fail(error, "%s changed while it was used", files->paths[0]);
}
