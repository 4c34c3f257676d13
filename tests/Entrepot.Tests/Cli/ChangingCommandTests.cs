namespace Entrepot.Tests.Cli;

public sealed class ChangingCommandTests : IAsyncLifetime
{
    private CliWorld _world = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await CliWorld.StartAsync();
        _world.Network.AddMirror("images", ("a", "1"));
        _world.Network.AddSnapshot("images", ("a", "2"), ("b", "3"));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Mirror_create_makes_one_and_says_what_next()
    {
        (await _world.OutputOfAsync("mirror", "create", "nightly")).ShouldBe("Mirror 'nightly' is there. Push to it with: entrepot push FILE nightly/PATH\n");
        _world.Network.Mirrors.ShouldContainKey("nightly");
    }

    [Theory]
    [InlineData("--keep 30", "keepSnapshots", "30")]
    [InlineData("--keep-days 7", "keepDays", "7")]
    public async Task Mirror_create_sends_the_retention(string options, string property, string expected)
        => (await _world.JsonOfAsync(["mirror", "create", "nightly", .. options.Split(' ')])).GetProperty("retention").GetProperty(property).ToString().ShouldBe(expected);

    [Fact]
    public async Task Rm_shows_and_then_removes_just_what_was_looked_at()
    {
        (await _world.OutputOfAsync("rm", "images/a", "--dry-run")).ShouldStartWith("Would remove images/a with 1 B and sha256:");
        _world.Network.Mirrors["images"][^1].Files.Keys.ShouldBe(["a", "b"]);

        (await _world.OutputOfAsync("rm", "images/a", "--note", "bad & old")).ShouldEndWith("'images' is at snapshot 3; older ones keep the file.\n");

        _world.Network.Mirrors["images"][^1].Files.Keys.ShouldBe(["b"]);
        _world.Network.Mirrors["images"][^1].Note.ShouldBe("bad & old");
    }

    [Theory]
    [InlineData("images/absent", 3)]
    [InlineData("images/folder", 2)]
    public async Task Rm_refuses_what_is_no_file(string target, int expected)
    {
        _world.Network.AddSnapshot("images", ("folder/a", "1"));

        (await _world.RunAsync("rm", target, "--yes")).Code.ShouldBe(expected);

        _world.Network.Requests.ShouldNotContain(static request => request.StartsWith("DELETE", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_refusal_comes_with_its_cure_and_code()
    {
        var (code, output, error) = await _world.RunAsync("mirror", "create", "images");

        code.ShouldBe(4);
        output.ShouldBe("");
        error.ShouldBe("entrepot: There is a mirror 'images' already.\n  Choose another name.\n");
    }

    [Fact]
    public async Task A_refusal_is_json_for_programs()
    {
        var (code, _, error) = await _world.RunAsync("mirror", "show", "nothing", "--output", "json");

        code.ShouldBe(3);
        error.ShouldBe(
            """
            {
              "code": "catalog/not-found",
              "kind": "NotFound",
              "message": "There is nothing at /v1/mirrors/nothing.",
              "cure": "Look with 'entrepot mirror list'.",
              "exitCode": 3
            }

            """);
    }

    [Fact]
    public async Task A_name_that_can_not_be_is_refused_here()
    {
        var (code, _, error) = await _world.RunAsync("mirror", "create", "Über");

        code.ShouldBe(2);
        error.ShouldStartWith("entrepot: 'Über' is not a mirror name.\n");
        _world.Network.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Deleting_without_anybody_to_ask_needs_yes()
    {
        var (code, _, error) = await _world.RunAsync("mirror", "delete", "images");

        code.ShouldBe(2);
        error.ShouldContain("--yes");
        _world.Network.Mirrors.ShouldContainKey("images");
        (await _world.OutputOfAsync("mirror", "delete", "images", "--yes")).ShouldStartWith("Deleted the mirror 'images' with 3 snapshots, 2 files and 2 B.");
        _world.Network.Mirrors.ShouldNotContainKey("images");
    }

    [Theory]
    [InlineData("", 1, true)]
    [InlineData("n\n", 1, true)]
    [InlineData("yesterday\n", 1, true)]
    [InlineData("y\n", 0, false)]
    [InlineData("YES\n", 0, false)]
    public async Task Deleting_asks_on_a_terminal(string answer, int expected, bool stays)
    {
        (_world.IsTerminal, _world.Answer) = (true, answer);

        var (code, _, error) = await _world.RunAsync("mirror", "delete", "images");

        error.ShouldBe("Delete the mirror 'images' with 3 snapshots, 2 files and 2 B? This can't be undone. [y/N] ");
        code.ShouldBe(expected);
        _world.Network.Mirrors.ContainsKey("images").ShouldBe(stays);
    }

    [Fact]
    public async Task A_dry_run_of_deleting_changes_nothing()
    {
        (await _world.OutputOfAsync("mirror", "delete", "images", "--dry-run")).ShouldBe("Would delete the mirror 'images' with 3 snapshots, 2 files and 2 B.\n");
        _world.Network.Requests.ShouldNotContain("DELETE /v1/mirrors/images");
    }

    [Fact]
    public async Task Rollback_publishes_the_old_content_again()
    {
        (await _world.OutputOfAsync("snapshot", "rollback", "images", "1", "--dry-run")).ShouldContain("0 added, 1 changed, 1 removed from images#2 to #1\n");
        (await _world.OutputOfAsync("snapshot", "rollback", "images", "1", "--note", "bad")).ShouldBe("'images' is at snapshot 3 now, with the content of 1: 1 file, 1 B.\n");
        _world.Network.Mirrors["images"][^1].Note.ShouldBe("bad");
    }

    [Fact]
    public async Task A_network_that_does_not_answer_is_10_and_says_how_to_start_one()
    {
        _world.Variables["ENTREPOT_SERVER"] = "http://127.0.0.1:1";

        var (code, _, error) = await _world.RunAsync("mirror", "list");

        code.ShouldBe(10);
        error.ShouldStartWith("entrepot: Nothing answers at http://127.0.0.1:1: ");
        error.ShouldContain("entrepot up");
    }

    [Fact]
    public async Task Something_else_than_a_network_is_told_apart()
    {
        var (code, _, error) = await _world.RunAsync("ports", "list", "--server", _world.Network.Url + "/", "--output", "table");
        code.ShouldBe(0, error);

        _world.Network.OnRequest = static _ => throw new InvalidOperationException();
        (code, _, error) = await _world.RunAsync("ports", "list");

        code.ShouldBe(10);
        error.ShouldContain("answered 500");
    }
}
