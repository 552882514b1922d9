"""What the fork server imports before anything else, so that TensorFlow starts quietly there."""

from videonas.tensorflow_start import quieten_tensorflow

quieten_tensorflow()
