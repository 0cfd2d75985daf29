#include "trainer/torch/state.hpp"

#include <cstring>

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
            unreachable("a tensor of a type that snapshots do not have");
    }
}

}  // namespace

void save_tensor(const torch::Tensor& tensor, const std::string& name, Snapshot& snapshot) {
    const auto host = tensor.detach().to(torch::kCPU).contiguous();
    const std::span content(static_cast<const std::byte*>(host.data_ptr()), static_cast<std::size_t>(host.nbytes()));
    snapshot.add(name, type_of(host.scalar_type()), host.sizes().vec(), content);
}

torch::Tensor load_tensor(const Snapshot& snapshot, const std::string& name, torch::ScalarType type) {
    const auto* array = snapshot.find(name);
    if (array == nullptr) throw DecodeError("the snapshot has no array \"" + name + "\"");
    if (array->type != type_of(type))
        throw DecodeError("the snapshot's array \"" + name + "\" is " + std::string(name_of(array->type)));
    auto tensor = torch::empty(array->shape, type);
    const auto content = snapshot.content(*array);
    if (!content.empty()) std::memcpy(tensor.data_ptr(), content.data(), content.size());
    return tensor;
}

void restore_tensor(torch::Tensor tensor, const std::string& name, const Snapshot& snapshot) {
    const torch::NoGradGuard no_grad;
    const auto loaded = load_tensor(snapshot, name, tensor.scalar_type());
    if (loaded.sizes() != tensor.sizes()) {
        throw DecodeError("the snapshot's array \"" + name + "\" has another shape: it is of another model");
    }
    tensor.copy_(loaded);
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
