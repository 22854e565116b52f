#include "convolution_tiles.h"

const struct convolution_transforms convolution_transforms_portable = {inputs, outputs, weights};
