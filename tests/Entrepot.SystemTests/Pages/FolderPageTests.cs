using Microsoft.Playwright;

namespace Entrepot.SystemTests.Pages;

public sealed class FolderPageTests
{
    /// <summary>Where pictures of the pages go, for people who want to look; no pictures when it is not set.</summary>
    private static readonly string? Pictures = Environment.GetEnvironmentVariable("ENTREPOT_TEST_PICTURES");

    [Fact]
    public async Task A_person_finds_the_way_from_the_front_page_to_a_file()
    {
        await using var site = await PagesSite.StartAsync();
        await site.FillAsync();
        await using var chromium = await Chromium.StartAsync();
        var (page, complaints) = await chromium.OpenAsync(site.Url + "/");
        await PictureAsync(page, "mirrors");
        await page.GetByRole(AriaRole.Link, new() { Name = "images/" }).ClickAsync();
        await PictureAsync(page, "mirror");
        await page.GetByRole(AriaRole.Link, new() { Name = "24.04/" }).ClickAsync();
        await PictureAsync(page, "folder");
        (await page.TitleAsync()).ShouldBe("/images/24.04/ · Entrepot");
        await Names(page).Last.WaitForAsync();
        (await Names(page).AllInnerTextsAsync()).ShouldContain("disk.img");
        await page.GetByRole(AriaRole.Link, new() { Name = "images", Exact = true }).ClickAsync();
        (await page.TitleAsync()).ShouldBe("/images/ · Entrepot");
        complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task Columns_sort_both_ways_and_say_so_to_assistive_technology()
    {
        await using var site = await PagesSite.StartAsync();
        await site.FillAsync();
        await using var chromium = await Chromium.StartAsync();
        var (page, complaints) = await chromium.OpenAsync(site.Url + "/images/24.04/");
        await page.GetByRole(AriaRole.Link, new() { Name = "Size" }).ClickAsync();
        (await Names(page).AllInnerTextsAsync())[0].ShouldBe("disk.img");
        (await page.Locator("th[aria-sort=descending]").InnerTextAsync()).ShouldStartWith("Size");
        await page.GetByRole(AriaRole.Link, new() { Name = "Size" }).ClickAsync();
        (await Names(page).AllInnerTextsAsync())[0].ShouldBe("空のファイル");
        (await page.Locator("th[aria-sort=ascending]").CountAsync()).ShouldBe(1);
        await page.GetByRole(AriaRole.Link, new() { Name = "Modified" }).ClickAsync();
        (await Names(page).AllInnerTextsAsync())[0].ShouldBe("disk.img");
        complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_file_name_that_is_markup_is_shown_and_not_run()
    {
        await using var site = await PagesSite.StartAsync();
        await site.FillAsync();
        await using var chromium = await Chromium.StartAsync();
        var (page, complaints) = await chromium.OpenAsync(site.Url + "/images/24.04/");
        (await Names(page).AllInnerTextsAsync()).ShouldContain("<img src=x onerror=alert(1)>.txt");
        (await page.Locator("img").CountAsync()).ShouldBe(0);
        await page.GetByRole(AriaRole.Row, new() { Name = "onerror" }).GetByRole(AriaRole.Link, new() { Name = "explain" }).ClickAsync();
        (await page.Locator("img").CountAsync()).ShouldBe(0);
        (await page.TitleAsync()).ShouldStartWith("Why ");
        complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task One_click_selects_the_whole_digest_although_a_part_is_shown()
    {
        await using var site = await PagesSite.StartAsync();
        await site.FillAsync();
        await using var chromium = await Chromium.StartAsync();
        var (page, _) = await chromium.OpenAsync(site.Url + "/images/24.04/");
        var digest = page.Locator("td code").First;
        (await digest.BoundingBoxAsync())!.Width.ShouldBeLessThan(130);
        await digest.ClickAsync();
        (await page.EvaluateAsync<string>("getSelection().toString()")).Length.ShouldBe(64);
    }

    [Fact]
    public async Task A_large_folder_is_shown_in_pages()
    {
        await using var site = await PagesSite.StartAsync();
        await site.FillAsync();
        await using var chromium = await Chromium.StartAsync();
        var (page, complaints) = await chromium.OpenAsync(site.Url + "/packages/pool/");
        (await Names(page).CountAsync()).ShouldBe(1000);
        await page.GetByRole(AriaRole.Link, new() { Name = "Next" }).ClickAsync();
        // The last row of each page, so that the whole of it has come.
        await page.GetByText("lib1999.deb", new() { Exact = true }).WaitForAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Next" }).ClickAsync();
        await page.GetByText("lib2499.deb", new() { Exact = true }).WaitForAsync();
        (await Names(page).CountAsync()).ShouldBe(500);
        (await Names(page).AllInnerTextsAsync())[^1].ShouldBe("lib2499.deb");
        (await page.GetByRole(AriaRole.Link, new() { Name = "Next" }).CountAsync()).ShouldBe(0);
        await PictureAsync(page, "last-page", bottom: true);
        complaints.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("/images/24.04/")]
    [InlineData("/images/24.04/disk.img?explain")]
    [InlineData("/images/24.04/disk.img?mirrorlist")]
    public async Task Pages_fit_a_telephone_and_a_dark_room(string target)
    {
        await using var site = await PagesSite.StartAsync();
        await site.FillAsync();
        await using var chromium = await Chromium.StartAsync();
        var name = target.Contains('?', StringComparison.Ordinal) ? target[(target.IndexOf('?', StringComparison.Ordinal) + 1)..] : "folder";
        var (page, complaints) = await chromium.OpenAsync(site.Url + target, ColorScheme.Dark);
        await PictureAsync(page, name + "-dark");
        (await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor")).ShouldBe("rgb(19, 23, 26)");
        var (small, _) = await chromium.OpenAsync(site.Url + target, width: 390);
        await PictureAsync(small, name + "-small");
        (await small.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(390);
        complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_file_is_downloaded_whole()
    {
        await using var site = await PagesSite.StartAsync();
        await site.FillAsync();
        await using var chromium = await Chromium.StartAsync();
        var (page, _) = await chromium.OpenAsync(site.Url + "/images/24.04/?sort=name");
        // The edges of this test are only announced; asked to avoid them, the scheduler serves from the origin.
        var download = await page.RunAndWaitForDownloadAsync(() => page.EvaluateAsync("location.href = 'disk.img?avoid=edge-1,edge-2'"));
        download.SuggestedFilename.ShouldBe("disk.img");
        new FileInfo((await download.PathAsync())!).Length.ShouldBe(4_300_000);
    }

    private static ILocator Names(IPage page) => page.Locator("td.file a, td.folder a");

    private static async Task PictureAsync(IPage page, string name, bool bottom = false)
    {
        if (Pictures is null)
            return;
        if (bottom)
            await page.EvaluateAsync("window.scrollTo(0, document.body.scrollHeight)");
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Pictures, name + ".png") });
    }
}
