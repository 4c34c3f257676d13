using Microsoft.Playwright;

namespace Entrepot.SystemTests.Pages;

/// <summary>Debian's Chromium, driven by Playwright, with a fresh profile and without any traffic of its own.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private const string Program = "/usr/bin/chromium";

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Chromium(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    /// <summary>Starts the browser, or skips the test with the reason.</summary>
    public static async Task<Chromium> StartAsync()
    {
        if (!File.Exists(Program))
            Assert.Skip($"There is no {Program}: apt-get install chromium.");
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Program,
            Headless = true,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
        return new Chromium(playwright, browser);
    }

    /// <summary>Opens a page. Whatever the browser complains about is noted.</summary>
    public async Task<(IPage Page, List<string> Complaints)> OpenAsync(string url, ColorScheme scheme = ColorScheme.Light, int width = 1280)
    {
        var page = await _browser.NewPageAsync(new BrowserNewPageOptions
        {
            ColorScheme = scheme, ViewportSize = new ViewportSize { Width = width, Height = 800 },
        });
        var complaints = new List<string>();
        page.Console += (_, message) => complaints.Add($"{message.Type}: {message.Text}");
        page.PageError += (_, error) => complaints.Add(error);
        page.Dialog += async (_, dialog) =>
        {
            complaints.Add($"dialog: {dialog.Message}");
            await dialog.DismissAsync();
        };
        page.RequestFailed += (_, request) => complaints.Add($"failed: {request.Url}");
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(new Uri(url).GetLeftPart(UriPartial.Authority), StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
                complaints.Add($"elsewhere: {request.Url}");
        };
        await page.GotoAsync(url);
        return (page, complaints);
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
