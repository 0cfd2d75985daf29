#include "trainer/torch/state.hpp"

#include "core/error.hpp"

namespace stemma {
namespace {

DType type_of(torch::ScalarType type) {
    switch (type) {
        case torch::kUInt8:
            return DType::u8;
        case torch::kInt32:
            return DType::i32;
        case torch::kInt64:
            return DType::i64;
        case torch::kFloat16:
            return DType::f16;
        case torch::kBFloat16:
            return DType::bf16;
        case torch::kFloat32:
            return DType::f32;
        case torch::kFloat64:
            return DType::f64;
        case torch::kBool:
            return DType::boolean;
        default:
            throw UserError(
                std::string("the model has a tensor of ") + torch::toString(type) +
                ", which snapshots do not have: they have bool, uint8, int32, int64 and floating-point numbers "
                "of 16, 32 and 64 bits; convert the buffer to one of them");
    }
}

/// The array in the snapshot itself, not a copy. It may only be read.
torch::Tensor view(const Snapshot& snapshot, const std::string& name, torch::ScalarType type) {
    const auto* array = snapshot.find(name);
    if (array == nullptr) throw DecodeError("the snapshot has no array \"" + name + "\"");
    if (array->type != type_of(type))
        throw DecodeError("the snapshot's array \"" + name + "\" is " + std::string(name_of(array->type)));
    const auto content = snapshot.content(*array);
    if (content.empty()) return torch::empty(array->shape, type);
    return torch::from_blob(const_cast<std::byte*>(content.data()), array->shape, type);
}

}  // namespace

void save_tensor(const torch::Tensor& tensor, const std::string& name, Snapshot& snapshot) {
    const auto place = snapshot.add(name, type_of(tensor.scalar_type()), tensor.sizes().vec());
    if (place.empty()) return;
    torch::from_blob(place.data(), tensor.sizes(), tensor.scalar_type()).copy_(tensor.detach());
}

torch::Tensor load_tensor(const Snapshot& snapshot, const std::string& name, torch::ScalarType type) {
    return view(snapshot, name, type).clone();
}

void restore_tensor(torch::Tensor tensor, const std::string& name, const Snapshot& snapshot) {
    const torch::NoGradGuard no_grad;
    const auto stored = view(snapshot, name, tensor.scalar_type());
    if (stored.sizes() != tensor.sizes()) {
        throw DecodeError("the snapshot's array \"" + name + "\" has another shape: it is of another model");
    }
    tensor.copy_(stored);
}

std::size_t parameter_bytes(const torch::nn::Module& module) {
    std::size_t bytes = 0;
    for (const auto& parameter : module.parameters()) bytes += parameter.nbytes();
    return bytes;
}

void save_module(const torch::nn::Module& module, Snapshot& snapshot) {
    for (const auto& item : module.named_parameters()) save_tensor(item.value(), "model/" + item.key(), snapshot);
    for (const auto& item : module.named_buffers()) save_tensor(item.value(), "model/" + item.key(), snapshot);
}

void load_module(torch::nn::Module& module, const Snapshot& snapshot) {
    for (const auto& item : module.named_parameters()) restore_tensor(item.value(), "model/" + item.key(), snapshot);
    for (const auto& item : module.named_buffers()) restore_tensor(item.value(), "model/" + item.key(), snapshot);
}

}  // namespace stemma
