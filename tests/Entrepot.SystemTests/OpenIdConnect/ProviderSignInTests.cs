using System.Diagnostics;
using System.Text.RegularExpressions;
using Entrepot.SystemTests.Pages;
using Microsoft.Playwright;

namespace Entrepot.SystemTests.OpenIdConnect;

/// <summary>People of a real provider, by a real browser: for the browser itself, and for a command.</summary>
public sealed class ProviderSignInTests : IAsyncLifetime
{
    private readonly TestFolder _folder = new();
    private RealProvider? _provider;
    private Chromium _browser = null!;
    private EntrepotProcess _node = null!;

    private string Metadata => _node.Url("metadata").GetLeftPart(UriPartial.Authority);

    public async ValueTask InitializeAsync()
    {
        _provider = await RealProvider.StartAsync();
        _browser = await Chromium.StartAsync();
        var secret = _folder["client.secret"];
        Core.Secrets.SecretFile.Write(secret, System.Text.Encoding.UTF8.GetBytes(RealProvider.Secret));
        _node = await EntrepotProcess.StartWithAsync(
            $$"""
            {{EntrepotProcess.AnyPorts}}
            openIdConnect:
              issuer: {{_provider.Issuer}}
              clientId: {{RealProvider.ClientId}}
              clientSecretFile: {{secret}}
              scopes: [openid, profile, groups]
              roles: {mirror-admins: [operator, auditor], staff: viewer}
              label: Example Org
            """,
            _folder["node"], "serve", "--roles", "origin,scheduler");
        await _provider.RegisterAsync($"{Metadata}/v1/session/oidc/callback");
    }

    public async ValueTask DisposeAsync()
    {
        if (_node is not null)
            await _node.DisposeAsync();
        if (_browser is not null)
            await _browser.DisposeAsync();
        if (_provider is not null)
            await _provider.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_browser_is_signed_in_reads_what_it_may_and_is_signed_out()
    {
        (await _node.CommandAsync("mirror", "create", "vault", "--private")).ShouldSucceed();
        var (page, _) = await _browser.OpenAsync($"{Metadata}/v1/session/oidc");
        await ProveAsync(page, "jane");

        (await page.InnerTextAsync("main")).ShouldContain("Signed in as oidc:jane.");
        (await page.InnerTextAsync("main")).ShouldContain("viewer, operator, auditor");
        await page.ClickAsync("text=the mirrors");
        (await page.InnerTextAsync("main")).ShouldContain("vault");
        await page.GotoAsync($"{Metadata}/v1/session");
        (await page.InnerTextAsync("body")).ShouldContain("\"name\":\"oidc:jane\"");
        (await page.EvaluateAsync<string>("document.cookie")).ShouldBe("", "no script can read it");

        await page.GotoAsync($"{Metadata}/v1/session/oidc");
        (await page.InnerTextAsync("main")).ShouldContain("Signed in as oidc:jane.", customMessage: "the provider remembers her");
        await page.ClickAsync("text=Sign out");
        (await page.InnerTextAsync("main")).ShouldContain("Nobody is signed in by this browser.");
        await page.GotoAsync(_node.Url("scheduler").AbsoluteUri);
        (await page.InnerTextAsync("main")).ShouldNotContain("vault");
    }

    [Fact]
    public async Task A_command_is_signed_in_and_then_kept_out()
    {
        var state = _folder["state"];
        var start = new ProcessStartInfo(EntrepotProcess.Program, ["sign-in", "--data", _node.Data]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["XDG_STATE_HOME"] = state;
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var code = Regex.Match((await process.StandardError.ReadLineAsync(deadline.Token))!, "[A-Z]{4}-[A-Z]{4}").Value;
        var address = (await process.StandardError.ReadLineAsync(deadline.Token))!;

        var (page, _) = await _browser.OpenAsync(address);
        await ProveAsync(page, "jane");
        (await page.InnerTextAsync("main")).ShouldContain(code);
        await page.ClickAsync("text=Sign the command in");
        (await page.InnerTextAsync("main")).ShouldContain("The command goes on as oidc:jane.");
        await process.WaitForExitAsync(deadline.Token);
        (await process.StandardOutput.ReadToEndAsync(deadline.Token)).ShouldContain("Signed in as 'oidc:jane' (viewer, operator, auditor)");

        (await RunAsync(state, "whoami")).ShouldSucceed().Output.ShouldBe("oidc:jane (viewer, operator, auditor)\n");
        (await RunAsync(state, "mirror", "create", "images")).ShouldSucceed();
        (await RunAsync(state, "user", "list")).ExitCode.ShouldNotBe(0, "that is for admins");
        (await RunAsync(state, "audit", "log", "--who", "oidc:jane")).ShouldSucceed().Output.ShouldContain("mirror.create");

        (await _node.CommandAsync("user", "disable", "oidc:jane")).ShouldSucceed();
        (await RunAsync(state, "whoami")).ExitCode.ShouldNotBe(0, "her session has ended");
        await page.GotoAsync($"{Metadata}/v1/session/oidc");
        (await page.InnerTextAsync("main")).ShouldContain("oidc/kept-out");
        (await _node.CommandAsync("user", "list")).ShouldSucceed().Output.ShouldContain("oidc:jane");
        // Neither secrets nor what stands for her are in the log.
        _node.Output.ShouldNotContain(RealProvider.Secret);
        _node.Output.ShouldNotContain("es1.");
    }

    [Fact]
    public async Task Who_has_no_role_here_is_told_why()
    {
        var (page, _) = await _browser.OpenAsync($"{Metadata}/v1/session/oidc");
        await ProveAsync(page, "joe");
        (await page.InnerTextAsync("main")).ShouldContain("The provider knows 'joe', but nothing that it says of it gives a role here.");
        (await page.InnerTextAsync("main")).ShouldContain("oidc/no-role");
        (await _node.CommandAsync("audit", "log", "--action", "user.sign-in", "--output", "json")).ShouldSucceed().Output.ShouldContain("oidc/no-role");
    }

    /// <summary>Goes through the provider's own pages: who one is, and that this client may know.</summary>
    private static async Task ProveAsync(IPage page, string name)
    {
        await page.FillAsync("[name=login]", name);
        await page.FillAsync("[name=password]", "whatever");
        await page.ClickAsync("button[type=submit]");
        await page.ClickAsync("button[type=submit]");
    }

    private Task<CommandResult> RunAsync(string state, params string[] arguments)
        => Command.RunAsync("env", [$"XDG_STATE_HOME={state}", EntrepotProcess.Program, .. arguments, "--data", _node.Data]);
}
