using Entrepot.Server.Api;

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
    [InlineData("{\"version\":\"1\",\"node\":\"a\"}")]
    public async Task A_folder_without_a_running_node_says_how_to_start_one(string? announcement)
    {
        if (announcement is not null)
            _world.Write("data/run/network.json", announcement);

        var (code, _, error) = await _world.RunAsync("mirror", "list", "--data", _world.Path("data"));

        code.ShouldBe(10);
        error.ShouldContain($"no node runs on the data folder '{_world.Path("data")}'");
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

    [Fact]
    public async Task Who_has_the_data_folder_of_an_edge_is_sent_to_its_origin()
    {
        _world.Announce("edge", Edge() with { Origin = _world.Network.Url });

        (await _world.OutputOfAsync("mirror", "list", "--data", _world.Path("edge"))).ShouldContain("images");
        _world.Network.Requests.ShouldBe(["GET /v1/network", "GET /v1/mirrors"]);
    }

    [Fact]
    public async Task A_folder_without_a_node_is_told_with_its_whole_path()
        => (await _world.RunAsync("mirror", "list", "--data", "no-such-folder")).Error.ShouldContain($"'{Path.GetFullPath("no-such-folder")}'");

    [Fact]
    public async Task An_edge_that_does_not_tell_its_origin_says_how_to_name_it()
    {
        _world.Announce("edge", Edge());

        var (code, _, error) = await _world.RunAsync("nodes", "--data", _world.Path("edge"));

        code.ShouldBe(10);
        error.ShouldContain("is an edge and does not tell which origin it belongs to.\n  Name the origin's metadata surface with --server");
    }

    [Fact]
    public async Task A_node_on_this_machine_is_called_by_the_address_that_works_here()
    {
        const string told = "http://name.invalid:3000";
        var network = _world.Network.Network;
        _world.Network.AddMirror("images", ("a", "content"));
        _world.Network.Nodes.Add(new NodeDocument(new HeartbeatRequest("edge-1", "local", told, "1", "", 0, 0, 0, 0, 0, 0, false), FakeNetwork.Now, "healthy", ""));
        _world.Announce("data", new AnnouncedNetwork("1", "origin", [.. network.Surfaces.Select(static surface => surface with { Url = told })])
        {
            Local = new Dictionary<string, string> { [told] = _world.Network.Url },
        });

        (await _world.OutputOfAsync("pull", "images/a", "-o", _world.Path("a"), "--data", _world.Path("data"))).ShouldContain("from edge-1");
    }

    [Fact]
    public async Task A_named_metadata_surface_is_called_by_the_name_that_was_given()
    {
        _world.Network.Told = "http://name.invalid:3000";

        (await _world.OutputOfAsync("mirror", "list", "--server", _world.Network.Url)).ShouldContain("images");
    }

    [Theory]
    [InlineData(400, "http/target")]
    [InlineData(404, "http/not-found")]
    public async Task Another_surface_is_told_from_the_metadata_surface(int status, string code)
    {
        _world.Network.NetworkRefusal = (status, code, "'v1' is reserved.");

        var (exit, _, error) = await _world.RunAsync("nodes", "--server", _world.Network.Url);

        exit.ShouldBe(2);
        error.ShouldBe(
            $"entrepot: What answers at {_world.Network.Url} is not a metadata surface.\n  Name the metadata surface of the origin, port 3000 unless its start-up table says otherwise.\n");
    }

    private static AnnouncedNetwork Edge()
        => new("1", "hall-b", [new SurfaceDocument("edge", "hall-b", "http://127.0.0.1:1", 1, "loopback", "")]);

    private void Announce(string folder, NetworkDocument network) => _world.Announce(folder, AnnouncedNetwork.Of(network, null));
}
