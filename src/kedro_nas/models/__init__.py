"""Architectures built, written down and measured with Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kedro_nas.space.architecture import Backbone, OwnModel
from kedro_nas.space.backbones import install_backbone_ruler
from kedro_nas.space.block_programs import install_block_describer
from kedro_nas.space.measured import install_ruler
from kedro_nas.space.own_models import install_own_model_ruler
from kedro_nas.space.registry import Block


def _measure_block(
    block: Block, shape: tuple[int, ...], arguments: Mapping[str, Any]
) -> Mapping[str, float]:
    from kedro_nas.models.measure import measure_block  # imports Keras when called

    return measure_block(block, shape, arguments)


def _measure_backbone(
    backbone: Backbone, image_shape: tuple[int, ...]
) -> Mapping[str, int]:
    from kedro_nas.models.pretrained import measure_backbone

    return measure_backbone(backbone, image_shape)


def _measure_own_model(
    model: OwnModel, image_shape: tuple[int, ...], n_classes: int
) -> Mapping[str, int]:
    from kedro_nas.models.measure import measure_own_model

    return measure_own_model(model, image_shape, n_classes)


def _describe_block(
    block: Block, shape: tuple[int, ...], arguments: Mapping[str, Any]
) -> Any:
    from kedro_nas.models.stable_config import describe_block

    return describe_block(block, shape, arguments)


install_ruler(_measure_block)
install_block_describer(_describe_block)
install_backbone_ruler(_measure_backbone)
install_own_model_ruler(_measure_own_model)
