namespace Entrepot.Tests.Cli;

public sealed class UsageTests : IAsyncLifetime
{
    private CliWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await CliWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("mirrr", "there is no command 'entrepot mirrr'; did you mean 'mirror'?", "entrepot --help")]
    [InlineData("xyzzy", "there is no command 'entrepot xyzzy'", "entrepot --help")]
    [InlineData("mirror", "'entrepot mirror' needs one of: list, create, show, set, delete", "entrepot mirror --help")]
    [InlineData("mirror lits", "there is no command 'entrepot mirror lits'; did you mean 'list'?", "entrepot mirror --help")]
    [InlineData("mirror list --outptu json", "'entrepot mirror list' does not know '--outptu'; did you mean '--output'?", "entrepot mirror list --help")]
    [InlineData("nodes --servr x", "'entrepot nodes' does not know '--servr'; did you mean '--server'?", "entrepot nodes --help")]
    [InlineData("mirror list extra", "'entrepot mirror list' does not know 'extra'", "entrepot mirror list --help")]
    [InlineData("snapshot diff images one", "FROM is 'one'; expected a whole number", "entrepot snapshot diff --help")]
    [InlineData("snapshot diff images 1 two", "TO is 'two'; expected a whole number", "entrepot snapshot diff --help")]
    [InlineData("snapshot rollback images abc", "NUMBER is 'abc'; expected a whole number", "entrepot snapshot rollback --help")]
    [InlineData("mirror create x --keep x", "--keep is 'x'; expected a whole number", "entrepot mirror create --help")]
    [InlineData("mirror create x --keep-days 99999999999", "--keep-days is '99999999999'; expected a whole number", "entrepot mirror create --help")]
    [InlineData("up --edges x", "--edges is 'x'; expected a whole number", "entrepot up --help")]
    [InlineData("push a b --links foo", "--links is 'foo'; expected one of refuse, skip, follow", "entrepot push --help")]
    [InlineData("nodes --output xml", "--output is 'xml'; expected one of table, json", "entrepot nodes --help")]
    [InlineData("pull a/b --snapshot x", "--snapshot is 'x'; expected a whole number", "entrepot pull --help")]
    [InlineData("pull a/b --connections x", "--connections is 'x'; expected a whole number", "entrepot pull --help")]
    [InlineData("audit log --after x", "--after is 'x'; expected a whole number", "entrepot audit log --help")]
    [InlineData("rm images/", "'images/' is a folder, and this removes one file.", "entrepot push --delete")]
    [InlineData("help mirrr", "there is no command 'mirrr'; did you mean 'mirror'?", "entrepot --help")]
    [InlineData("config check .", "'.' is a folder.", "Name the settings file in it.")]
    [InlineData("ports explain 70000", "'70000' is not a port; a port is 1–65535", "entrepot ports explain --help")]
    [InlineData("ports open 80 --for 1m --reason x", "It is not said who is let in.", "Say --from ADDRESS, --from CIDR or --mac MAC.")]
    [InlineData("audit log --count 0", "--count is 1–1000", "entrepot audit log --help")]
    [InlineData("pull a/b --connections 65", "--connections is 1–64", "entrepot pull --help")]
    [InlineData("push a b --connections 0", "--connections is 1–32", "entrepot push --help")]
    [InlineData("mirror list --data ", "--data is ''; expected a value", "A variable that is not set may stand there.")]
    [InlineData("token revoke ", "TOKEN is ''; expected a value", "entrepot token revoke --help")]
    [InlineData("serve", "Option '--roles' is required", "entrepot serve --help")]
    [InlineData("serve --roles origin,edgee", "'edgee' (did you mean 'edge'?): no such role.", "Roles are origin, edge, scheduler, audit.")]
    [InlineData("up --edges 65", "--edges is '65'; expected a whole number, 0–64", "Mend the command line.")]
    [InlineData("up --bind localhost", "--bind is 'localhost'; expected an IP address such as 127.0.0.1, 0.0.0.0 or ::; write 127.0.0.1 or ::1", "Mend the command line.")]
    [InlineData("completion tcsh", "Argument 'tcsh' not recognized. Must be one of:", "entrepot completion --help")]
    [InlineData("mirror create x --keep-all --keep 3", "--keep-all contradicts --keep and --keep-days.", "Leave one of them out.")]
    public async Task A_wrong_command_line_is_2_and_says_what_was_meant(string line, string message, string cure)
    {
        var (code, output, error) = await _world.RunAsync(line.Split(' '));

        code.ShouldBe(2);
        output.ShouldBe("");
        error.ShouldStartWith("entrepot: " + message);
        error.ShouldContain("\n  ");
        error.ShouldContain(cure);
        _world.Network.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_completion_script_is_not_asked_for_as_json()
    {
        var (code, output, error) = await _world.RunAsync("completion", "bash", "--output", "json");

        (code, output).ShouldBe((2, ""));
        error.ShouldContain("a completion script is no JSON.");
    }

    [Theory]
    [InlineData("help", "--help")]
    [InlineData("help mirror", "mirror --help")]
    [InlineData("help mirror create", "mirror create --help")]
    public async Task Help_is_a_command_too(string line, string same)
        => (await _world.OutputOfAsync(line.Split(' '))).ShouldBe(await _world.OutputOfAsync(same.Split(' ')));

    [Fact]
    public async Task A_word_that_begins_with_an_at_sign_is_no_response_file()
    {
        var (code, _, error) = await _world.RunAsync("push", "@nothing", "images/");

        code.ShouldBe(3);
        error.ShouldContain("@nothing");
    }

    [Fact]
    public async Task Without_a_word_the_help_is_shown()
        => (await _world.OutputOfAsync()).ShouldContain("Commands:");

    [Fact]
    public async Task A_failure_that_nobody_thought_of_is_70_and_can_tell_more()
    {
        _world.Variables["ENTREPOT_SERVER"] = "http://127.0.0.1:1";
        _world.Network.Mirrors.Clear();
        var broken = new CancellationToken(true);
        using var output = new StringWriter();
        using var error = new StringWriter();

        (await Entrepot.Cli.CommandLine.RunAsync(["mirror", "list"], _world.Environment(output, error), broken)).ShouldBe(130);
        error.ToString().ShouldBe("");

        var world = _world.Environment(output, error);
        var failing = new Entrepot.Cli.CliEnvironment
        {
            Output = world.Output, Error = world.Error, Input = world.Input, StateFolder = world.StateFolder,
            CreateHttp = static (_, _) => throw new InvalidOperationException("no sockets today"),
        };
        (await Entrepot.Cli.CommandLine.RunAsync(["mirror", "list"], failing, CancellationToken.None)).ShouldBe(70);
        error.ToString().ShouldBe("entrepot: something failed inside: InvalidOperationException: no sockets today\n  Set ENTREPOT_TRACE=1 for the whole story, and report it.\n");
    }
}
