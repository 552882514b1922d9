"""`data-prep` as a component."""

from kfp import dsl

from components.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def data_prep(search_root: str, dataset: dsl.Output[dsl.Dataset]):
    """Turns videos into shards of clips, once.

    Args:
        search_root: Where the search is kept.
        dataset: The data set: its digest, classes, and clips by split.
    """
    from videonas.steps.data_prep import data_prep, dataset_metadata
    from videonas.steps.shell import step

    with step("data-prep", search_root) as root:
        dataset.metadata.update(dataset_metadata(data_prep(root)))
        dataset.uri = root.data_address
