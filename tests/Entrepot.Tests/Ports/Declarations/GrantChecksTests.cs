using Entrepot.Ports.Declarations;

namespace Entrepot.Tests.Ports.Declarations;

public sealed class GrantChecksTests
{
    [Fact]
    public void A_grant_that_others_cover_together_is_a_warning_at_its_place()
    {
        var result = PortfileReader.Read(
            """
            services:
              - name: web
                port: 8443
                owner: me
                purpose: to be seen
                allow:
                  - cidr: 10.0.0.0/9
                  - cidr: 10.128.0.0/9
                  - cidr: 10.0.0.0/8
            """, "p.yaml");
        result.Errors.ShouldBeEmpty();
        var warning = result.Warnings.ShouldHaveSingleItem();
        (warning.Line, warning.Message).ShouldBe((9, "service 'web' lets in 10.0.0.0/8 already by 10.0.0.0/9 and 10.128.0.0/9: taking it out changes nothing"));
    }
}
