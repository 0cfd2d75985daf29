"""What an exception in a training means for the search. Libraries have few exception types for it, so that often only
the text tells. tests/data/training_errors.tsv has their texts; src/trainer/error_text.cpp knows the same texts.
"""

# In lower case. Memory comes first: "CUDA error: out of memory" leaves a context that can be used.
_OUT_OF_MEMORY = (
    "out of memory",
    "out_of_memory",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "alloc_failed",
    "allocation_failed",
    "cudaerrormemoryallocation",
    "resource_exhausted",
    "std::bad_alloc",
    "out_of_device_memory",
    "out_of_host_memory",
    "pi_error_out_of_resources",
    "ur_result_error_out_of_resources",
)
_MISUSE = ("cudnn_status_not_supported", "cudnn_status_bad_param")
_DEVICE = (
    "cuda error",
    "cuda driver error",
    "cuda failure",
    "cuda_error_",
    "device-side assert",
    "hip error",
    "cudnn error",
    "cudnn_status_",
    "cublas_status_",
    "cusolver error",
    "nccl error",
    "an illegal memory access was encountered",
    "native api failed",
    "level_zero backend failed",
)


def kind_of_text(text):
    """out_of_memory, device or exception."""
    text = text.lower()
    if any(part in text for part in _OUT_OF_MEMORY):
        return "out_of_memory"
    if any(part in text for part in _DEVICE) and not any(part in text for part in _MISUSE):
        return "device"
    return "exception"


def kind_of_error(error):
    """The failure's kind in the protocol, for an exception in a training."""
    names = {base.__name__ for base in type(error).__mro__}
    if "OutOfMemoryError" in names or isinstance(error, MemoryError):
        return "out_of_memory"
    if isinstance(error, FloatingPointError):
        return "nonfinite"
    if "Infeasible" in names:
        return "infeasible"
    if "SnapshotUnavailable" in names:
        return "snapshot_unavailable"
    kind = (
        kind_of_text(str(error)) if isinstance(error, (RuntimeError, OSError)) or _of_a_library(error) else "exception"
    )
    return "device" if kind == "exception" and "AcceleratorError" in names else kind


def _of_a_library(error):
    """XGBoostError, LightGBMError, XlaRuntimeError: neither Python's own nor the script's."""
    return type(error).__module__.split(".")[0] not in ("builtins", "__main__", "stemma")
