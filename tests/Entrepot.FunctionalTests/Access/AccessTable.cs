using System.Text.RegularExpressions;
using Entrepot.Server.Access;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.FunctionalTests.Access;

/// <summary>One row of docs/reference/access.md: what an endpoint needs, and who may.</summary>
internal sealed partial record AccessRow(string Surface, string Method, string Address, string Permission, IReadOnlyDictionary<Role, string> Cells)
{
    public const string Yes = "yes";
    public const string No = "–";

    /// <summary>The surface that takes certificates alone.</summary>
    public const string AuditSurface = "audit";

    public static IReadOnlyList<Role> Columns { get; } = [Role.None, Role.Viewer, Role.Publisher, Role.Operator, Role.Approver, Role.Auditor, Role.Admin, Role.Node];

    /// <summary>The address with something in place of its parameters: well formed, and of nothing that is there.</summary>
    public string Sample => Parameter().Replace(Address, match => match.Groups[1].Value.TrimStart('*') switch
    {
        var name when match.Value.Contains(":int", StringComparison.Ordinal) || match.Value.Contains(":long", StringComparison.Ordinal) || name == "id" => "1",
        "digest" => "sha256:" + new string('0', 64),
        "path" => "x",
        _ => "nothing",
    });

    /// <summary>The rows of every endpoint that really is there.</summary>
    public static IReadOnlyList<AccessRow> OfEndpoints(IEnumerable<(string Surface, RouteEndpoint Endpoint)> endpoints, Func<string, bool> openReading)
        => [.. endpoints.SelectMany(pair =>
            {
                var permission = EndpointPermissions.PermissionOf(pair.Endpoint)!.Value;
                var methods = pair.Endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"];
                return methods.Select(method => new AccessRow(
                    pair.Surface, method, "/" + pair.Endpoint.RoutePattern.RawText!.TrimStart('/'), permission.ToString(),
                    Columns.ToDictionary(static role => role, role => Expected(pair.Surface, permission, role, openReading(pair.Surface)))));
            })
            .DistinctBy(static row => (row.Surface, row.Method, row.Address))
            .OrderBy(static row => row.Surface, StringComparer.Ordinal).ThenBy(static row => row.Address, StringComparer.Ordinal).ThenBy(static row => row.Method, StringComparer.Ordinal)];

    public static IReadOnlyList<AccessRow> Read(string page)
        => [.. page.Split('\n').Where(static line => line.Count(static c => c == '|') == 5 + Columns.Count && line.Contains('`')).Select(static line =>
        {
            var cells = line.Trim('|', ' ').Split('|').Select(static cell => cell.Trim()).ToList();
            return new AccessRow(
                cells[0], cells[1], cells[2].Trim('`'), cells[3], Columns.Select((role, i) => (role, cells[4 + i])).ToDictionary(static pair => pair.role, static pair => pair.Item2));
        })];

    public override string ToString() => $"| {Surface} | {Method} | `{Address}` | {Permission} | {string.Join(" | ", Columns.Select(role => Cells[role]))} |";

    private static string Expected(string surface, Permission permission, Role role, bool openReading)
    {
        // Without a certificate there is not even a connection.
        if (surface == AuditSurface && role == Role.None)
            return No;
        var principal = role == Role.None ? Principal.Nobody : new Principal("somebody", role, Proof.Token);
        return AccessPolicy.Decide(permission, principal, openReading) == AccessVerdict.Allowed ? Yes : No;
    }

    [GeneratedRegex(@"\{(\*{0,2}[a-zA-Z]+)[^}]*\}")]
    private static partial Regex Parameter();
}
