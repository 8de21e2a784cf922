import torch
from timm.layers import AttentionPoolLatent
from transformers import SiglipVisionConfig
from transformers.models.siglip.modeling_siglip import SiglipMultiheadAttentionPoolingHead

from sightline.nn.pool import ClsPool, MapPool, MeanPool
from sightline.nn.transformer import ACTIVATIONS, MLP

NONE = torch.zeros(2, 0, 12)


def map_pool(act="gelu"):
    pool = MapPool(12, 3, MLP(12, 20, ACTIVATIONS[act]))
    for parameter in pool.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return pool


def test_map_equals_transformers_head_in_value_and_gradient():
    config = SiglipVisionConfig(
        hidden_size=12, intermediate_size=20, num_attention_heads=3, hidden_act="gelu_pytorch_tanh"
    )
    config._attn_implementation = "eager"
    ours, peer = map_pool("gelu_tanh"), SiglipMultiheadAttentionPoolingHead(config)
    peer.probe.data = ours.probe.data
    peer.attention.in_proj_weight.data = torch.cat([ours.q.weight, ours.kv.weight]).data
    peer.attention.in_proj_bias.data = torch.cat([ours.q.bias, ours.kv.bias]).data
    peer.attention.out_proj.load_state_dict(ours.proj.state_dict())
    peer.layernorm.load_state_dict(ours.norm.state_dict())
    peer.mlp.load_state_dict(ours.mlp.state_dict())
    x = torch.randn(2, 7, 12, requires_grad=True)
    y = x.detach().clone().requires_grad_()
    mine, theirs = ours(x, NONE), peer(y)
    torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5)
    mine.square().sum().backward()
    theirs.square().sum().backward()
    torch.testing.assert_close(x.grad, y.grad, rtol=1e-4, atol=1e-5)


def test_map_equals_timms():
    ours = map_pool()
    peer = AttentionPoolLatent(12, num_heads=3, mlp_ratio=20 / 12, norm_layer=torch.nn.LayerNorm)
    state = {name.replace("probe", "latent"): value for name, value in ours.state_dict().items()}
    peer.load_state_dict(state)
    peer.norm.eps = 1e-6
    x = torch.randn(2, 7, 12)
    torch.testing.assert_close(ours(x, NONE), peer(x), rtol=1e-5, atol=1e-5)


def test_padding_changes_nothing():
    x, real = torch.randn(2, 5, 12), torch.tensor([[True] * 5, [True, True, True, False, False]])
    for pool in (map_pool(), MeanPool()):
        whole = pool(x, NONE, real)
        torch.testing.assert_close(whole[1:], pool(x[1:, :3], NONE[1:]), rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(whole[:1], pool(x[:1], NONE[:1]), rtol=1e-5, atol=1e-6)


def test_cls_is_the_first_prefix_token():
    prefix = torch.randn(2, 3, 12)
    assert torch.equal(ClsPool()(torch.zeros(2, 4, 12), prefix), prefix[:, 0])
