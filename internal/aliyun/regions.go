package aliyun

// publicEndpoint is the host of the RDS API in a region, by the endpoint map
// of the service's own clients: a few dozen older regions share the central
// host, one finance region has its own, all others follow the regional rule.
func publicEndpoint(region string) string {
	switch region {
	case "cn-hangzhou-finance":
		return "rds-vpc.cn-hangzhou-finance.aliyuncs.com"
	case "cn-qingdao", "cn-beijing", "cn-hangzhou", "cn-shanghai", "cn-shenzhen",
		"cn-heyuan", "cn-hongkong", "ap-southeast-1", "us-west-1", "us-east-1",
		"cn-shanghai-finance-1", "cn-shenzhen-finance-1", "cn-north-2-gov-1",
		"ap-northeast-2-pop", "cn-beijing-finance-1", "cn-beijing-finance-pop",
		"cn-beijing-gov-1", "cn-beijing-nu16-b01", "cn-edge-1", "cn-fujian",
		"cn-haidian-cm12-c01", "cn-hangzhou-bj-b01", "cn-hangzhou-internal-prod-1",
		"cn-hangzhou-internal-test-1", "cn-hangzhou-internal-test-2",
		"cn-hangzhou-internal-test-3", "cn-hangzhou-test-306",
		"cn-hongkong-finance-pop", "cn-qingdao-nebula", "cn-shanghai-et15-b01",
		"cn-shanghai-et2-b01", "cn-shanghai-inner", "cn-shanghai-internal-test-1",
		"cn-shenzhen-inner", "cn-shenzhen-st4-d01", "cn-shenzhen-su18-b01",
		"cn-wuhan", "cn-yushanfang", "cn-zhangbei", "cn-zhangbei-na61-b01",
		"cn-zhangjiakou-na62-a01", "cn-zhengzhou-nebula-1", "eu-west-1-oxs",
		"rus-west-1-pop":
		return "rds.aliyuncs.com"
	}
	return "rds." + region + ".aliyuncs.com"
}
