using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Entrepot.Server.Scheduler;

/// <summary><c>If-None-Match</c> for what the scheduler writes itself.</summary>
internal static class EntityTags
{
    /// <summary>True when the client has it (RFC 9110 §13.1.2, weak comparison).</summary>
    public static bool Matches(HttpRequest request, string entityTag)
    {
        if (request.Headers.IfNoneMatch.Count == 0 || !EntityTagHeaderValue.TryParseList(request.Headers.IfNoneMatch, out var listed))
            return false;
        var own = EntityTagHeaderValue.Parse(entityTag);
        return listed.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(own, useStrongComparison: false));
    }
}
