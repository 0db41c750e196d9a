"""The hand-built network every search has to beat: a small ResNet."""

from __future__ import annotations

from kedro_nas.space.anchors import n_stages_for, stem_stride_for
from kedro_nas.space.architecture import Architecture, Head, Recipe, Stage, Stem

_SMALL, _LARGE = 2_000, 50_000


def baseline_architecture(
    image_shape: tuple[int, int, int], n_classes: int, n_images: int
) -> Architecture:
    """Build what an engineer would write by hand in an hour, sized to the data.

    A strided stem and one basic residual block per stage, widths doubling; below
    2,000 images half as wide with more dropout and augmentation, from 50,000 on two
    blocks per stage.

    Args:
        image_shape: Height, width, channels.
        n_classes: Number of classes.
        n_images: Images it is trained on.

    Source: He et al. (2016), https://arxiv.org/abs/1512.03385, section 4.2 (the
    outline of its CIFAR-10 networks).
    """
    small, large = n_images < _SMALL, n_images >= _LARGE
    stem_width = 16 if small else 32
    return Architecture(
        input_shape=image_shape,
        n_classes=n_classes,
        stem=Stem(width=stem_width, kernel_size=3, stride=stem_stride_for(image_shape)),
        stages=tuple(
            Stage(
                block="residual",
                depth=2 if large else 1,
                width=stem_width * 2 ** (number + 1),
                kernel_size=3,
                stride=2,
                options=(("pre_activation", False),),
            )
            for number in range(n_stages_for(image_shape))
        ),
        head=Head(pooling="average", dropout=0.25),
        recipe=Recipe(augmentation="medium" if small else "light"),
    )
