using System.Diagnostics;

namespace Entrepot.SystemTests.OpenIdConnect;

/// <summary>A certified provider: the package oidc-provider, under Node.js.</summary>
internal sealed class RealProvider : IAsyncDisposable
{
    public const string ClientId = "entrepot", Secret = "a long secret of the client /+:";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly Process _process;

    private RealProvider(Process process, string issuer) => (_process, Issuer) = (process, issuer);

    public string Issuer { get; }

    /// <summary>Starts it, or skips the test with the reason.</summary>
    public static async Task<RealProvider> StartAsync()
    {
        Command.Require("node");
        var folder = Path.Combine(Root(), "tests/Entrepot.SystemTests/OpenIdConnect/provider");
        Assert.SkipUnless(Directory.Exists(Path.Combine(folder, "node_modules/oidc-provider")), "The package oidc-provider is not installed here: ./test does it where npm can, or npm ci in tests/Entrepot.SystemTests/OpenIdConnect/provider.");
        var process = Process.Start(new ProcessStartInfo("node", [Path.Combine(folder, "provider.mjs")])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(Deadline);
        var issuer = await process.StandardOutput.ReadLineAsync(deadline.Token) ?? throw new InvalidOperationException($"The provider did not start: {await errors}");
        _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        return new RealProvider(process, issuer);
    }

    /// <summary>Tells it where it may send browsers back to.</summary>
    public async Task RegisterAsync(string redirect)
    {
        await _process.StandardInput.WriteLineAsync(redirect);
        await _process.StandardInput.FlushAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var deadline = new CancellationTokenSource(Deadline);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Entrepot.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside the source tree.");
        return folder;
    }
}
