using System.Text.Json;
using Entrepot.Trust.Access;

namespace Entrepot.FunctionalTests.Access;

/// <summary>What the API's own description says of credentials.</summary>
public sealed class ApiSecurityTests
{
    [Fact]
    public async Task The_description_of_the_API_asks_for_the_credentials_that_the_reference_says()
    {
        await using var site = await AccessSite.StartAsync();
        using var answer = await site.SendAsync("metadata", HttpMethod.Get, "/openapi/v1.json", null);
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var schemes = document.RootElement.GetProperty("components").GetProperty("securitySchemes");
        schemes.GetProperty("bearer").GetProperty("scheme").GetString().ShouldBe("bearer");
        var rows = AccessRow.Read(await File.ReadAllTextAsync(AccessMatrixTests.Page, TestContext.Current.CancellationToken)).ToDictionary(static row => (row.Surface, row.Method, Plain(row.Address)));
        var compared = 0;
        foreach (var path in document.RootElement.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var row = rows[(operation.Value.GetProperty("tags")[0].GetString()!, operation.Name.ToUpperInvariant(), Plain(path.Name))];
                var ways = operation.Value.GetProperty("security").EnumerateArray().Select(static way => way.EnumerateObject().SingleOrDefault()).Select(static way => way.Value.ValueKind switch
                {
                    JsonValueKind.Undefined => Role.None,
                    _ when way.Name == "node" => Role.Node,
                    _ => Roles.TryParse(way.Value.EnumerateArray().Single().GetString(), out var role) ? role : throw new InvalidOperationException(way.Value.GetRawText()),
                }).ToList();
                // Without any way for nobody, exactly the roles of the row are named.
                AccessRow.Columns.Where(role => row.Cells[role] == AccessRow.Yes).Except(ways).ShouldAllBe(_ => ways.Contains(Role.None) && row.Permission == "Public", $"{operation.Name} {path.Name}");
                ways.ShouldAllBe(role => row.Cells[role] == AccessRow.Yes, $"{operation.Name} {path.Name}");
                operation.Value.TryGetProperty("x-needs", out _).ShouldBeFalse();
                compared++;
            }
        }

        compared.ShouldBeGreaterThan(50);

        // As the document writes them: the names of parameters alone.
        static string Plain(string address) => System.Text.RegularExpressions.Regex.Replace(address, @"\{\*{0,2}([a-zA-Z]+)[^}]*\}", "{$1}");
    }
}
