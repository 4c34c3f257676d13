using Entrepot.Server.Enrolment;
using Entrepot.Server.Hosting;
using Entrepot.Trust.Authority;
using Entrepot.Trust.Enrolment;

namespace Entrepot.FunctionalTests.Enrolment;

/// <summary>How a test's edge joins a test's origin.</summary>
internal static class Joining
{
    public static NodeEnrolment EnrolmentOf(Node origin) => ((OriginIdentity)origin.Identity).Enrolment;

    /// <summary>The admin surface of an origin, by TLS.</summary>
    public static Uri AddressOf(Node origin)
        => new UriBuilder(origin.Network.Surfaces.First(static surface => surface.Surface == "admin").Url) { Scheme = Uri.UriSchemeHttps }.Uri;

    /// <summary>With a fresh token for one edge.</summary>
    public static async Task<JoinOrder> OrderAsync(Node origin, string? site = null)
    {
        var (token, _) = await EnrolmentOf(origin).CreateTokenAsync(new TokenOrder(NodeRole.Edge, site, null, TimeSpan.FromHours(1)), "test");
        return new JoinOrder(AddressOf(origin), token.Reveal());
    }
}
