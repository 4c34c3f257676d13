using System.Text.Json;
using Entrepot.Server.Api;
using Entrepot.Server.Hosting;

namespace Entrepot.Tests.Cli;

public sealed class NetworkDiscoveryTests : IAsyncLifetime
{
    private CliWorld _world = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await CliWorld.StartAsync();
        _world.Variables.Remove("ENTREPOT_SERVER");
        _world.Network.AddMirror("images");
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task The_node_on_the_data_folder_is_found_by_what_it_announced()
    {
        Announce("data", _world.Network.Network);

        (await _world.OutputOfAsync("mirror", "list", "--data", _world.Path("data"))).ShouldContain("images");
        _world.Network.Requests.ShouldBe(["GET /v1/mirrors"]);
    }

    [Fact]
    public async Task The_environment_names_the_data_folder()
    {
        Announce("elsewhere", _world.Network.Network);
        _world.Variables["ENTREPOT_DATA"] = _world.Path("elsewhere");

        (await _world.OutputOfAsync("mirror", "list")).ShouldContain("images");
    }

    [Fact]
    public async Task A_named_server_comes_before_everything()
    {
        Announce("data", _world.Network.Network with { Surfaces = [] });
        _world.Variables["ENTREPOT_SERVER"] = "http://127.0.0.1:1";

        (await _world.OutputOfAsync("mirror", "list", "--server", _world.Network.Url, "--data", _world.Path("data"))).ShouldContain("images");
        (await _world.OutputOfAsync("mirror", "list", "--server", _world.Network.Url["http://".Length..])).ShouldContain("images");
    }

    [Fact]
    public async Task A_named_data_folder_comes_before_the_environments_server()
    {
        Announce("data", _world.Network.Network);
        _world.Variables["ENTREPOT_SERVER"] = "http://127.0.0.1:1";

        (await _world.OutputOfAsync("mirror", "list", "--data", _world.Path("data"))).ShouldContain("images");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("{\"version\":")]
    [InlineData("[1,2]")]
    public async Task A_folder_without_a_running_node_says_how_to_start_one(string? announcement)
    {
        if (announcement is not null)
            _world.Write("data/run/network.json", announcement);

        var (code, _, error) = await _world.RunAsync("mirror", "list", "--data", _world.Path("data"));

        code.ShouldBe(10);
        error.ShouldContain("no node runs on the data folder");
        error.ShouldContain("entrepot up");
    }

    [Fact]
    public async Task A_network_without_the_surface_says_which_role_is_missing()
    {
        Announce("data", _world.Network.Network with { Surfaces = [.. _world.Network.Network.Surfaces.Where(s => s.Surface != "admin")] });

        var (code, _, error) = await _world.RunAsync("mirror", "create", "x", "--data", _world.Path("data"));

        code.ShouldBe(10);
        error.ShouldBe("entrepot: The network of node 'origin' offers no admin surface.\n  Start a node with the role origin, and see that surfaces.admin is enabled there.\n");
    }

    [Theory]
    [InlineData("ftp://host")]
    [InlineData("http://")]
    [InlineData("a b")]
    public async Task An_address_that_is_none_is_a_usage_error(string address)
    {
        var (code, _, error) = await _world.RunAsync("mirror", "list", "--server", address);

        code.ShouldBe(2);
        error.ShouldContain("no address of a server");
    }

    private void Announce(string folder, NetworkDocument network)
    {
        var file = DataFolder.NetworkFile(_world.Path(folder));
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, JsonSerializer.SerializeToUtf8Bytes(network, ApiJson.Default.NetworkDocument));
    }
}
