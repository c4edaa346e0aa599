from web.api import Api
from builders.accounts import *
NEW={"name":"Bakery","address_line1":"Ring 1","zip":"1010","town":"Wien","country_code":"AUT"}
async def test_x(api):
    def p(a): print(a.status, dict(a.headers), a.raw.decode()); print()
    p(await api.auth(api_key=api.account.key("vendor_test").key, api_secret=secret_of("vendor_test")))
    for b in ({}, {"api_key":"abcdef"}, {"api_key":"x","api_secret":"y","email":"z"}, {"refresh_token":5}, {"password":"hunter2"}, [1], {"nope":"x"}):
        p(await api.call("POST","/auth",by=None,body=b))
    p(await api.call("POST","/auth",by=None,data=b'', content_type=None))
    p(await api.call("POST","/auth",by=None,data=b'x', content_type="text/plain"))
    p(await api.call("POST","/auth",by=None,data=b'x'))
    p(await api.call("POST","/auth",by=None,data=b'['+b'1'*(1<<20)))
    p(await api.post("/organizations", NEW|{"managed_by_organization_id":VENDOR}))
    p(await api.post("/organizations", NEW|{"name":"x","managed_by_organization_id":VENDOR}))
    p(await api.post("/organizations", {"name":"xyz"}))
    p(await api.post("/organizations", NEW|{"nope":"x"}))
    p(await api.post("/organizations", NEW|{"billing_options":{"withhold_billing":True}}))
    p(await api.get("/organizations"))
    p(await api.call("HEAD","/organizations"))
    p(await api.call("OPTIONS","/organizations"))
    p(await api.call("PUT","/organizations"))
    p(await api.get("/nowhere"))
    p(await api.get("/organizations?limit=0&foo=1"))
    p(await api.get("/organizations?foo=1"))
    p(await api.get(f"/organizations/{VENDOR}/api-keys?status=enabled&status=disabled&kind=live"))
    p(await api.get(f"/organizations/xyz", by=None))
    p(await api.get(f"/organizations/xyz"))
    assert 0
