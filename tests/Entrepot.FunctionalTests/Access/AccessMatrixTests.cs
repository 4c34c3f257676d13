using System.Net;
using Entrepot.Trust.Access;
using Entrepot.Trust.Authority;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.FunctionalTests.Access;

/// <summary>Who may do what: every endpoint of every surface, by every role, with a real request for each cell.</summary>
public sealed class AccessMatrixTests
{
    private const string Begin = "<!-- endpoints -->\n", End = "<!-- end -->";

    internal static readonly string Page = Path.Combine(Root(), "docs/reference/access.md");

    [Fact]
    public async Task The_reference_lists_every_endpoint_that_there_is()
    {
        await using var site = await AccessSite.StartAsync();
        var rows = AccessRow.OfEndpoints(
            site.Node.Surfaces.SelectMany(static surface => surface.Endpoints.OfType<RouteEndpoint>().Select(endpoint => (surface.Document.Surface, endpoint))),
            static surface => surface is "metadata" or "scheduler" or "edge");

        var text = await File.ReadAllTextAsync(Page, TestContext.Current.CancellationToken);
        var (from, to) = (text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, text.IndexOf(End, StringComparison.Ordinal));
        var head = $"| surface | method | address | permission | {string.Join(" | ", AccessRow.Columns.Select(static role => role == Role.None ? "nobody" : role.ToString().ToLowerInvariant()))} |\n| {string.Join(" | ", Enumerable.Repeat("---", 4 + AccessRow.Columns.Count))} |\n";
        var current = head + string.Concat(rows.Select(static row => row + "\n"));
        if (Environment.GetEnvironmentVariable("ENTREPOT_APPROVE") == "1")
            await File.WriteAllTextAsync(Page, text[..from] + current + text[to..], TestContext.Current.CancellationToken);
        else
            text[from..to].ShouldBe(current);
    }

    [Fact]
    public async Task Every_endpoint_does_for_every_role_what_the_reference_says()
    {
        await using var site = await AccessSite.StartAsync();
        var rows = AccessRow.Read(await File.ReadAllTextAsync(Page, TestContext.Current.CancellationToken));
        rows.Count.ShouldBeGreaterThan(50);
        var wrong = new List<string>();

        var nodes = new[] { "origin's", "edge" }.ToDictionary(static surface => surface, surface => site.NodeClient(surface, NodeRole.Edge));
        var clients = AccessRow.Columns.Where(static role => role != Role.Node).ToDictionary(static role => role, role => site.ClientOf(role));
        foreach (var row in rows)
        {
            foreach (var role in AccessRow.Columns)
            {
                // A node's role is proven by a certificate alone, which no token stands for; and the audit service takes nothing else of anybody.
                using var response = role == Role.Node ? await AskAsync(nodes[row.Surface == "edge" ? "edge" : "origin's"], site, row)
                    : row.Surface == AccessRow.AuditSurface ? await AskAsync(clients[role], site, row)
                    : await site.SendAsync(row.Surface, new HttpMethod(row.Method), row.Sample, await site.TokenOfAsync(role));
                var code = response is null || row.Method == "HEAD" ? "" : await AccessSite.CodeOfAsync(response);
                // A node that speaks of another is refused as well, for another reason.
                var refused = response is null || response.StatusCode == HttpStatusCode.Unauthorized || (response.StatusCode == HttpStatusCode.Forbidden && code is "access/forbidden" or "");
                var expected = row.Cells[role] switch
                {
                    AccessRow.Yes => !refused,
                    AccessRow.No when response is null => role == Role.None && row.Surface == AccessRow.AuditSurface,
                    AccessRow.No when role == Role.None => response.StatusCode == HttpStatusCode.Unauthorized && (row.Method == "HEAD" || code == "access/anonymous"),
                    AccessRow.No => response.StatusCode == HttpStatusCode.Forbidden && (row.Method == "HEAD" || code == "access/forbidden"),
                    _ => false,
                };
                if (!expected)
                    wrong.Add($"{row.Surface} {row.Method} {row.Sample} by {role}: {(int?)response?.StatusCode} {code}, expected '{row.Cells[role]}'");
            }
        }

        foreach (var client in nodes.Values.Concat(clients.Values))
            client.Dispose();
        wrong.ShouldBeEmpty();
    }

    /// <summary>Asks by TLS; null when there is no connection.</summary>
    private static async Task<HttpResponseMessage?> AskAsync(HttpClient client, AccessSite site, AccessRow row)
    {
        using var request = new HttpRequestMessage(new HttpMethod(row.Method), site.SecureUrl(row.Surface) + row.Sample);
        try
        {
            return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>There is no permission to change the journal, and no endpoint that would need one: proving and signing is all that is ordered of it.</summary>
    [Fact]
    public async Task Nobody_edits_the_journal()
    {
        var rows = AccessRow.Read(await File.ReadAllTextAsync(Page, TestContext.Current.CancellationToken)).Where(static row => row.Sample.StartsWith("/v1/journal", StringComparison.Ordinal)).ToList();
        rows.Where(static row => row.Method is not ("GET" or "HEAD")).Select(static row => $"{row.Method} {row.Sample}").Distinct().Order().ShouldBe(["POST /v1/journal/checkpoint", "POST /v1/journal/verify"]);
        rows.Count.ShouldBeGreaterThan(3);
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Entrepot.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside the source tree.");
        return folder;
    }
}
