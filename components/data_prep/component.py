"""`data-prep` as a component."""

from kfp import dsl

from components.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def data_prep(search_root: str, search: dsl.Input[dsl.Artifact], dataset: dsl.Output[dsl.Dataset]):
    """Turns videos into shards of clips, once.

    Args:
        search_root: Where the search is kept.
        search: From `start`; for the graph only.
        dataset: The data set: its address, digest, classes, and clips by split.
    """
    from videonas.steps.artifacts import show
    from videonas.steps.data_prep import data_prep, dataset_metadata
    from videonas.steps.shell import step

    with step("data-prep", search_root) as root:
        metadata = dataset_metadata(data_prep(root))
        show(dataset, "data sets, each a dataset.json and shards", root.data_address, metadata)
